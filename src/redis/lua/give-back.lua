-- Returns a job to the ledger, because its worker stops or the job is not due yet.
-- KEYS 1 the window of this kind
-- ARGV 1 kind of work, 2 job, 3 registration, 4 when it is due in ms: a past time means at once, 0 never
-- Answers 1, or 0 if the job has left the window: a second run does nothing.
if redis.call('ZREM', KEYS[1], ARGV[2]) == 0 then return 0 end
local due = tonumber(ARGV[4])
if due == 0 then return 1 end
if due <= milliseconds() then
  redis.call('LPUSH', key.ready(ARGV[1]), ARGV[3])
else
  -- If a fact has scheduled it earlier meanwhile, the earlier time stays.
  redis.call('ZADD', key.scheduled(ARGV[1]), 'LT', ARGV[4], ARGV[3])
end
wake('ready')
return 1
