-- Queues a notice to people unless this was told of the subject already.
-- KEYS 1 what was told
-- ARGV 1 subject, 2 what is told of it, 3 the notice (JSON), then for each outlet: destination, lane, in how many ms it is due
-- A second run does nothing.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
for at = 4, #ARGV, 3 do
  redis.call('RPUSH', key.notices(ARGV[at] .. ':' .. ARGV[at + 1]), ARGV[3])
  redis.call('ZADD', key.noticesDue(ARGV[at]), 'NX', milliseconds() + ARGV[at + 2], ARGV[at + 1])
end
wake('notice')
return 1
