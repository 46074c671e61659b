-- Returns jobs that were added to BullMQ some time ago and are not done, so that the relay adds them again. BullMQ ignores a job
-- that it still has; a job that a crash or an emptied queue lost is restored. Jobs without work leave the window instead.
-- KEYS 1 the window of this kind
-- ARGV 1 only jobs handed over before this time, in ms since 1970 ('': now less ARGV 2), 2 how long ago in ms; 3 how many to look
--      at, 4… states in which there is work of this kind (none: all states)
-- Answers { the time before which they were handed over, how many were looked at, jobs… }. Each job gets a new time, so the next
-- run with the same time finds others.
local now = milliseconds()
local before = ARGV[1] ~= '' and ARGV[1] or string.format('%.0f', now - ARGV[2])
-- Redis' clock was set back: when these jobs were handed over is not known.
for _, job in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf', 'LIMIT', 0, ARGV[3])) do
  redis.call('ZADD', KEYS[1], before, job)
end
local states, in_any_state = set_of_arguments(4), #ARGV < 4
local jobs = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', before, 'LIMIT', 0, ARGV[3])
local answer, scored, over = { before, #jobs }, {}, {}
for _, job in ipairs(jobs) do
  if in_any_state or states[state_of(string.match(job, '^[^-]*'))] then
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
