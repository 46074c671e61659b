-- Moves the position of the relay of pushes behind this push, if this fence holds the lease.
-- KEYS 1 lease
-- ARGV 1 fence, 2 the stream's id of the push, 3 the name of its counter ('' for none)
-- Answers 1, or 0 if another fence holds the lease.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', key.forwarded(), ARGV[2])
if ARGV[3] ~= '' then redis.call('HINCRBY', key.pushCounts(), ARGV[3], 1) end
return 1
