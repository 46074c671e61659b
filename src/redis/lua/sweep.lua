-- Jobs that were handed to BullMQ some while ago and are not done: they are handed again, which is free where BullMQ
-- still has them, and heals what a crash or an emptied queue has lost. What is over meanwhile leaves the window instead.
-- KEYS 1 the window of this kind
-- ARGV 1 handed before, in ms since 1970: '' for now less 2, how long ago in ms; 3 how many to look at, 4… states in which
--      there is work of this kind (none: in any)
-- Answers { the time before which they were handed, how many were looked at, jobs… }. Each gets a new time, so that the
-- next run with the same time before which they were handed finds others.
local now = milliseconds()
local before = ARGV[1] ~= '' and ARGV[1] or string.format('%.0f', now - ARGV[2])
-- Redis' clock was set back: it is not known how long ago these were handed.
for _, job in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'LIMIT', 0, ARGV[3])) do
  redis.call('ZADD', KEYS[1], before, job)
end
local states, in_any_state = set_of_arguments(4), #ARGV < 4
local jobs = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', before, 'LIMIT', 0, ARGV[3])
local answer, scored, over = { before, #jobs }, {}, {}
for _, job in ipairs(jobs) do
  if in_any_state or states[redis.call('HGET', key.registration(string.match(job, '^[^-]*')), field.state)] then
    scored[#scored + 1] = now
    scored[#scored + 1] = job
    answer[#answer + 1] = job
  else
    over[#over + 1] = job
  end
end
if #scored > 0 then redis.call('ZADD', KEYS[1], unpack(scored)) end
if #over > 0 then redis.call('ZREM', KEYS[1], unpack(over)) end
return answer
