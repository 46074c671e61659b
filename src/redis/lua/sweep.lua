-- Jobs that were handed to BullMQ some while ago and are not done: they are handed again, which is free where BullMQ
-- still has them, and heals what a crash or an emptied queue has lost.
-- KEYS 1 the window of this kind
-- ARGV 1 how long ago they were handed at least, in ms
-- Answers their jobs.
local now = milliseconds()
local jobs = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[1]))
-- Redis' clock was set back: it is not known how long ago these were handed.
for _, job in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do jobs[#jobs + 1] = job end
for _, job in ipairs(jobs) do redis.call('ZADD', KEYS[1], now, job) end
return jobs
