-- Records the answer to the request that precedes the probe of a stopped line (acquire.lua).
-- KEYS 1 line
-- ARGV 1 '1': WeChat answered it; 2 what came instead, in words; 3 after every so many failures a probe is sent all the same
-- Answers 1, or 0 if the line does not wait for it any more, so a second run changes nothing.
local now = redis.call('HMGET', KEYS[1], 'question', 'failedProbes', 'firstMs', 'maxMs', 'state')
if not now[1] or now[1] == 'wanted' or now[1] == 'answered' then return 0 end
local failed = tonumber(now[2]) + 1
if ARGV[1] == '1' or failed % tonumber(ARGV[3]) == 0 then
  redis.call('HSET', KEYS[1], 'question', 'answered')
  wake('line')
  return 1
end
local due = probe_due(failed, tonumber(now[3]), tonumber(now[4]))
redis.call('HSET', KEYS[1], 'question', 'wanted', 'failedProbes', failed, 'dueAt', due, 'because', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'times', 1)
enter_line_state(next_line(now[5], 'question_failed'))
return 1
