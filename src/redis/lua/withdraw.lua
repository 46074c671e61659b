-- The merchant withdrew the authorisation: the refresh token that is kept is dead, and so is every code before.
-- KEYS 1 authorizer
-- ARGV 1 appid, 2 when WeChat pushed it, in ms
-- Answers 'withdrawn', also where it was known; 'old' where the merchant authorised the platform anew since; 'nobody' where
-- it is no Mini Program of ours.
if redis.call('HEXISTS', key.appids(), ARGV[1]) == 0 and redis.call('HEXISTS', KEYS[1], 'refreshToken') == 0 then return 'nobody' end
local authorized_at = tonumber(redis.call('HGET', KEYS[1], 'authorizedAt') or 0)
if tonumber(ARGV[2]) < authorized_at then return 'old' end
redis.call('HSET', KEYS[1], 'withdrawnAt', ARGV[2])
redis.call('HDEL', KEYS[1], 'refreshToken', 'keptAt', 'keptBy', 'keptFrom', 'codes')
redis.call('ZREM', key.authorizers(), ARGV[1])
return 'withdrawn'
