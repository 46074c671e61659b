-- Queues a notice to people unless this was told of the subject already.
-- KEYS 1 what was told
-- ARGV 1 subject, 2 what is told of it, 3 lane, 4 the notice (JSON)
-- A second run does nothing.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('RPUSH', key.notices('notify:' .. ARGV[3]), ARGV[4])
redis.call('ZADD', key.noticesDue('notify'), 'NX', milliseconds(), ARGV[3])
wake('notice')
return 1
