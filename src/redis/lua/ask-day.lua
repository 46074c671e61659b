-- A person requests a check of the quota day at once. The next worker that is refused a call because the day has none makes it.
-- KEYS 1 calls of the day
-- Answers 1 if WeChat has closed the day, else 0.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'ask', milliseconds())
wake('quota')
return redis.call('HEXISTS', KEYS[1], 'closed')
