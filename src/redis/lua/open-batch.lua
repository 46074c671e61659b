-- Opens a batch: what it is, its number, and its place behind the batches before it. A second opener gives it another number; both name it.
-- KEYS 1 batch
-- ARGV 1 batch id, then fields and values of the batch
local number = redis.call('HLEN', key.batchNumbers()) + 1
redis.call('HSET', key.batchNumbers(), number, ARGV[1])
redis.call('HSET', KEYS[1], 'number', number, unpack(ARGV, 2))
redis.call('LREM', key.batches(), 0, ARGV[1])
redis.call('RPUSH', key.batches(), ARGV[1])
