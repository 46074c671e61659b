-- Renews a lease as long as it is ours.
-- KEYS 1 lease
-- ARGV 1 fence, 2 how long it lasts from now on, in ms
-- Answers 1, or 0 where it has run out or is another's.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
