-- Releases a lease if this fence holds it.
-- KEYS 1 lease
-- ARGV 1 fence
-- Answers 1, or 0 if another fence, or none, holds it: a second run does nothing.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
