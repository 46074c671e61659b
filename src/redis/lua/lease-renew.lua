-- Renews a lease if this fence holds it.
-- KEYS 1 lease
-- ARGV 1 fence, 2 how long the lease lasts from now on, in ms
-- Answers 1, or 0 if the lease has expired or another fence holds it.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
