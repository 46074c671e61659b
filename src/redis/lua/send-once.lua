-- Queues a notice, unless this notice about the subject was queued last.
-- KEYS 1 sent notices
-- ARGV 1 subject, 2 what the notice says of it, 3 the notice (JSON), then for each outlet: destination, ordering key, in how many
--      ms it is due
-- Answers 1, or 0 if nothing was queued: a second run does nothing.
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
queue_notice(ARGV[3], 4)
return 1
