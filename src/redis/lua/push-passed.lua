-- Moves the relay of pushes on behind one, as long as the lease is ours.
-- KEYS 1 lease
-- ARGV 1 fence, 2 the stream's id of the push, 3 its counter ('' for none)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', key.forwarded(), ARGV[2])
if ARGV[3] ~= '' then redis.call('HINCRBY', key.pushCounts(), ARGV[3], 1) end
return 1
