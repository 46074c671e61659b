-- A worker that leaves, or finds its job not due, gives it back.
-- KEYS 1 the window of this kind
-- ARGV 1 kind of work, 2 job, 3 registration, 4 when it is due in ms: a time that has passed is at once, 0 not at all
-- A second run does nothing: the job has left the window.
if redis.call('ZREM', KEYS[1], ARGV[2]) == 0 then return 0 end
local due = tonumber(ARGV[4])
if due == 0 then return 1 end
if due <= milliseconds() then
  redis.call('LPUSH', key.ready(ARGV[1]), ARGV[3])
else
  -- What has come due earlier meanwhile stays so.
  redis.call('ZADD', key.scheduled(ARGV[1]), 'LT', ARGV[4], ARGV[3])
end
wake('ready')
return 1
