-- Takes back a batch that was opened, unless it has rows. Its number stays taken.
-- KEYS 1 batch
-- ARGV 1 batch id
if tonumber(redis.call('HGET', KEYS[1], 'rows') or 0) > 0 then return end
redis.call('DEL', KEYS[1])
redis.call('LREM', key.batches(), 0, ARGV[1])
