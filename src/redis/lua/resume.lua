-- Lets the line run again after what stopped it is mended: one create first, to see whether it is (take.lua, record).
-- KEYS 1 line
-- ARGV 1 why: problems that begin so were no fault, and need no trial
-- Answers 'running', 'open', or 'canary'. Run twice, it answers the same: the line is open, or waits for its canary.
local problem = redis.call('HGET', KEYS[1], 'problem')
if not problem then return 'running' end
redis.call('DEL', key.surprise())
local nobody = redis.call('LLEN', key.ready('submit')) + redis.call('ZCARD', key.window('submit')) == 0
if nobody or string.sub(problem, 1, #ARGV[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  ring('line')
  return 'open'
end
redis.call('HSET', KEYS[1], 'canary', 'wanted')
ring('line')
return 'canary'
