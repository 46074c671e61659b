-- Opens a batch: writes its fields, its number, and its place after the earlier batches. A second opener gives it another number;
-- both numbers name it.
-- KEYS 1 batch
-- ARGV 1 batch id, then fields and values of the batch
local number = redis.call('HLEN', key.batchNumbers()) + 1
redis.call('HSET', key.batchNumbers(), number, ARGV[1])
redis.call('HSET', KEYS[1], 'number', number, unpack(ARGV, 2))
redis.call('LREM', key.batches(), 0, ARGV[1])
redis.call('RPUSH', key.batches(), ARGV[1])
