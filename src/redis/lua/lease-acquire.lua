-- Takes a lease that nobody has, or renews ours.
-- KEYS 1 lease
-- ARGV 1 fence, 2 how long it lasts from now on, in ms
-- Answers 1, or 0 while it is another's.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
