-- Gives a lease back, unless it has become another's.
-- KEYS 1 lease
-- ARGV 1 fence
-- A second run does nothing.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
