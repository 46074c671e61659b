-- Records one fact, if nothing else was recorded since it was decided.
-- KEYS 1 registration
-- ARGV 1 id, 2 steps known when it was decided, 3 the decided step (JSON; prelude: record), 4 kind of work done, 5 its job; '' for none
-- Answers 'done' or 'conflict'. Sent twice because the answer was lost, it answers 'conflict': the caller then finds its
-- fact in the history.
local id = ARGV[1]
if redis.call('LLEN', key.history(id)) ~= tonumber(ARGV[2]) then return 'conflict' end
record(id, cjson.decode(ARGV[3]))
if ARGV[5] ~= '' then redis.call('ZREM', key.window(ARGV[4]), ARGV[5]) end
return 'done'
