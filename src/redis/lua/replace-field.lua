-- Replaces a field of a hash that still has the value that was read.
-- KEYS 1 hash
-- ARGV 1 field, 2 value that was read, 3 new value
-- Answers 1, or 0 where it has another value; run twice, the second run answers 0.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
