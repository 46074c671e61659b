-- Acquires a lease that is free, or renews it if this fence holds it.
-- KEYS 1 lease
-- ARGV 1 fence, 2 how long the lease lasts from now on, in ms
-- Answers 1, or 0 while another fence holds it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
