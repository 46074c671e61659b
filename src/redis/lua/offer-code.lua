-- Stores an authorization code that WeChat pushed because a merchant authorised the platform (pushes.lua, offer).
-- KEYS 1 authorizer
-- ARGV 1 appid, 2 mark, 3 at, 4 dies_at, 5 pushed_at, 6 from, 7 shared, 8 sealed,
--      9 until when the code of an unknown Mini Program waits for a registration that claims it, in ms; '': such a code is not
--      stored, 10 the push of the code of an unknown Mini Program, '' if it is stored elsewhere, 11 'preview': nothing is changed
-- Answers 'exchange', 'waits', 'repeated', 'old' (the authorisation was withdrawn or renewed since) or 'nobody' (the Mini
-- Program is unknown, no registration waits for its result, and none was called for within the time of a task). A second run
-- answers 'repeated' and changes nothing.
local appid, pushed_at = ARGV[1], tonumber(ARGV[5])
local now = redis.call('HMGET', KEYS[1], 'authorizedAt', 'withdrawnAt', 'refreshToken')
if now[2] and pushed_at < tonumber(now[2]) then return 'old' end
if now[3] and now[1] and pushed_at < tonumber(now[1]) then return 'old' end

-- WeChat may have begun a task though it answered that it had not (domain/claims.ts): nothing waits for its result then.
local function called_lately()
  local newest = redis.call('LINDEX', key.recent(), 0)
  local at = newest and tonumber(string.match(newest, '^%d+'))
  return at and milliseconds() - at / 1000 <= constant.longestTaskMs
end

local known = redis.call('HEXISTS', key.appids(), appid) == 1
if not known and (ARGV[9] == '' or not (somebody_waits() or called_lately())) then return 'nobody' end
if ARGV[11] == 'preview' then
  local marks = redis.call('HGET', KEYS[1], 'marks') or ''
  if string.find(marks, ARGV[2], 1, true) then return 'repeated' end
  return known and 'exchange' or 'waits'
end
local code = { mark = ARGV[2], at = ARGV[3], diesAt = ARGV[4], pushedAt = ARGV[5], from = ARGV[6], shared = ARGV[7], sealed = ARGV[8] }
if not offer(appid, code) then return 'repeated' end
if known then
  exchange_now(appid)
  return 'exchange'
end
if ARGV[10] ~= '' then redis.call('HSET', KEYS[1], 'push', ARGV[10]) end
redis.call('ZADD', key.scheduled('authorize'), 'LT', ARGV[9], appid)
wake('ready')
return 'waits'
