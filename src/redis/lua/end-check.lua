-- Ends a check: writes WeChat's answer, and opens the day or sets the time of the next check.
-- KEYS 1 calls of the day
-- ARGV 1 the check (its deadline in ms, from acquire.lua's answer); 2 'open', 'shut', 'probe' (quota/get does not say: the next
--      call is a probe) or 'unreachable'; 3 WeChat's answer in words; 4 times of further checks (JSON list of ms, see day.lua);
--      then fields of the day and their values
-- Answers 1, or 0 if the deadline has passed and another process has the check. A second run answers 0.
local day = redis.call('HMGET', KEYS[1], 'busyUntil', 'since', 'closed')
if day[1] ~= ARGV[1] then return 0 end
local now = milliseconds()
local recheck = cjson.decode(ARGV[4])
redis.call('HDEL', KEYS[1], 'busyUntil')
redis.call('HSET', KEYS[1], 'askedAt', now, 'answered', ARGV[3])
if #ARGV > 4 then redis.call('HSET', KEYS[1], unpack(ARGV, 5)) end
-- An earlier answer of quota/get is out of date now, and must not prevent the probe.
if ARGV[2] == 'probe' and #ARGV == 4 then redis.call('HDEL', KEYS[1], 'reportedLimit', 'reportedUsed', 'countedThen', 'reportedAt') end
redis.call('EXPIRE', KEYS[1], DAY_EXPIRES_S)
if ARGV[2] == 'open' then
  open_day(KEYS[1], now, 'report')
  return 1
end
local check_at = ARGV[2] == 'unreachable' and now + recheck[1] or next_check(tonumber(day[2]) or now, now, recheck)
redis.call('HSET', KEYS[1], 'checkAt', check_at)
if ARGV[2] == 'probe' and day[3] then redis.call('HSET', KEYS[1], 'probe', 'wanted') end
wake('quota')
return 1
