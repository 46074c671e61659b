-- A person wants WeChat to be asked at once whether the day has calls, should it be shut. It is by whoever is refused a call next.
-- KEYS 1 calls of the day
-- Answers 1 where WeChat has closed the day, else 0.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'ask', milliseconds())
ring('quota')
return redis.call('HEXISTS', KEYS[1], 'closed')
