-- What came of the question before the probe of a stopped line (acquire.lua).
-- KEYS 1 line
-- ARGV 1 '1': WeChat answered it; 2 what came instead, in words; 3 every which probe goes although nothing was answered
-- Answers 1, or 0 where nobody waits for it any more, so that a second run changes nothing.
local now = redis.call('HMGET', KEYS[1], 'question', 'probes', 'first', 'max')
if not now[1] or now[1] == 'wanted' or now[1] == 'answered' then return 0 end
local probes = tonumber(now[2]) + 1
if ARGV[1] == '1' or probes % tonumber(ARGV[3]) == 0 then
  redis.call('HSET', KEYS[1], 'question', 'answered')
else
  local due = probe_due(probes, tonumber(now[3]), tonumber(now[4]))
  redis.call('HSET', KEYS[1], 'question', 'wanted', 'probes', probes, 'due', due, 'stopped', ARGV[2])
  redis.call('HINCRBY', KEYS[1], 'times', 1)
  redis.call('HDEL', KEYS[1], 'canary', 'deadline')
end
wake('line')
return 1
