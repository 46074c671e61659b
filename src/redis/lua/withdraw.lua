-- The merchant withdrew the authorisation: the stored refresh token and every earlier code are invalid.
-- KEYS 1 authorizer
-- ARGV 1 appid, 2 when WeChat pushed it, in ms, 3 'preview': nothing is changed
-- Answers 'withdrawn', also if that was known; 'old' if the merchant has authorised the platform again since; 'nobody' if the
-- Mini Program is not one of ours, as far as is known.
local THREE_DAYS = constant.threeDaysS
local is_ours = redis.call('HEXISTS', key.appids(), ARGV[1]) == 1 or redis.call('HEXISTS', KEYS[1], 'refreshToken') == 1
if not is_ours and not somebody_waits() then return 'nobody' end
local authorized_at = tonumber(redis.call('HGET', KEYS[1], 'authorizedAt') or 0)
if tonumber(ARGV[2]) < authorized_at then return 'old' end
if ARGV[3] == 'preview' then return is_ours and 'withdrawn' or 'nobody' end
redis.call('HSET', KEYS[1], 'withdrawnAt', ARGV[2])
redis.call('HDEL', KEYS[1], 'refreshToken', 'keptAt', 'keptBy', 'keptFrom', 'codes')
redis.call('ZREM', key.authorizers(), ARGV[1])
if is_ours then return 'withdrawn' end
-- Another process may be recording its result at this moment: the note prevents that an old token is stored.
redis.call('EXPIRE', KEYS[1], THREE_DAYS)
return 'nobody'
