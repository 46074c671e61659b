-- Writes what WeChat answered when it was asked whether a day that is shut has calls.
-- KEYS 1 calls of the day
-- ARGV 1 until when this process asks (ms), as take.lua told it; 2 what follows: 'open', 'shut', 'probe' (one call may go, to
--      find out) or 'unheard' (WeChat could not be reached); 3 WeChat's answer in words; 4 when it is asked again (JSON list
--      of ms, see day.lua); then fields of the day and their values
-- Answers 1, or 0 where this process took too long and another one asks: so does a second run.
local day = redis.call('HMGET', KEYS[1], 'busyUntil', 'since', 'closed')
if day[1] ~= ARGV[1] then return 0 end
local now = milliseconds()
local recheck = cjson.decode(ARGV[4])
redis.call('HDEL', KEYS[1], 'busyUntil')
redis.call('HSET', KEYS[1], 'askedAt', now, 'answered', ARGV[3])
if #ARGV > 4 then redis.call('HSET', KEYS[1], unpack(ARGV, 5)) end
-- What it told before is out of date where it does not tell any more, and must not keep the one call back.
if ARGV[2] == 'probe' and #ARGV == 4 then redis.call('HDEL', KEYS[1], 'told', 'toldUsed', 'counted', 'toldAt') end
redis.call('EXPIRE', KEYS[1], DAY_EXPIRES_S)
if ARGV[2] == 'open' then
  open_day(KEYS[1], now, 'told')
  return 1
end
local check_at = ARGV[2] == 'unheard' and now + recheck[1] or next_check(tonumber(day[2]) or now, now, recheck)
redis.call('HSET', KEYS[1], 'checkAt', check_at)
if ARGV[2] == 'probe' and day[3] then redis.call('HSET', KEYS[1], 'probe', 'wanted') end
ring('quota')
return 1
