-- A person asks for a check at once. It is made by the next worker that is refused a call for want of one.
-- KEYS 1 calls of the day
-- Answers 1 where WeChat has closed the day, else 0.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'ask', milliseconds())
wake('quota')
return redis.call('HEXISTS', KEYS[1], 'closed')
