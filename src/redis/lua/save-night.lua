-- Writes a night, if this fence holds the lease of the inbox.
-- KEYS 1 lease of the inbox
-- ARGV 1 fence, 2 id, 3 the night (JSON)
-- Answers 1, or 0 if nothing was written.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HSET', key.nights(), ARGV[2], ARGV[3])
return 1
