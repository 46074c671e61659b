-- Replaces a field of a hash if it still has the value that was read.
-- KEYS 1 hash
-- ARGV 1 field, 2 value that was read, 3 new value
-- Answers 1, or 0 if it has another value; a second run answers 0.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
