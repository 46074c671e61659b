-- The merchant withdrew the authorisation: the refresh token that is kept is dead, and so is every code before.
-- KEYS 1 authorizer
-- ARGV 1 appid, 2 when WeChat pushed it, in ms
-- Answers 'withdrawn', also where it was known; 'old' where the merchant authorised the platform anew since; 'nobody' where
-- it is no Mini Program of ours, as far as is known.
local THREE_DAYS = 259200
local is_ours = redis.call('HEXISTS', key.appids(), ARGV[1]) == 1 or redis.call('HEXISTS', KEYS[1], 'refreshToken') == 1
if not is_ours and not somebody_waits() then return 'nobody' end
local authorized_at = tonumber(redis.call('HGET', KEYS[1], 'authorizedAt') or 0)
if tonumber(ARGV[2]) < authorized_at then return 'old' end
redis.call('HSET', KEYS[1], 'withdrawnAt', ARGV[2])
redis.call('HDEL', KEYS[1], 'refreshToken', 'keptAt', 'keptBy', 'keptFrom', 'codes')
redis.call('ZREM', key.authorizers(), ARGV[1])
if is_ours then return 'withdrawn' end
-- Its result may be recorded by another process at this moment: then no token is kept.
redis.call('EXPIRE', KEYS[1], THREE_DAYS)
return 'nobody'
