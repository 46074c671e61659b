-- Stores the refresh token of a Mini Program.
-- KEYS 1 authorizer
-- ARGV 1 appid, 2 the sealed token, 3 registration ('' if not known yet), 4 now in ms, 5 mark of the code that was exchanged for
--      it, 6 when that code came, in ms, 7 when WeChat pushed the code, in ms ('' if the token came without a code)
-- Answers 1, or 0 if the merchant has withdrawn the authorisation since: then nothing was stored. A second run changes nothing.
local withdrawn_at = redis.call('HGET', KEYS[1], 'withdrawnAt')
if withdrawn_at and ARGV[7] ~= '' and tonumber(ARGV[7]) < tonumber(withdrawn_at) then return 0 end
redis.call('HSET', KEYS[1], 'refreshToken', ARGV[2], 'keptAt', ARGV[4], 'keptBy', ARGV[5], 'keptFrom', ARGV[6])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'registration', ARGV[3]) end
redis.call('HDEL', KEYS[1], 'withdrawnAt')
redis.call('PERSIST', KEYS[1])
redis.call('ZADD', key.authorizers(), ARGV[4], ARGV[1])
return 1
