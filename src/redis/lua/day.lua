-- The quota day, loaded with every script after the prelude. Fields of its hash beside the counts of calls:
--   told, toldUsed, counted, toldAt   what quota/get said last (calls.ts, ToldQuota)
--   cleared   calls of ours that WeChat does not count any more: it has begun to count anew
--   closed    '1': WeChat answered 45009, with the words closedBy
--   shutAt    when the day was shut, by 45009 or because its calls were used up (ms)
--   since     the same, or when a person asked for a check after that (ms): `recheck` counts from here
--   checkAt   when WeChat is asked next whether the day has calls (ms)
--   ask       a person asked at this time (ms) that WeChat be asked at once
--   busyUntil until when a process asks, or a probe may be in flight (ms)
--   probe     'wanted': one call may go, to find out; else the registration of that call
--   openedAt, openedBy   when the day was opened again (ms), by 'told' or by 'probe'
--   doubted   '1': quota/get told of calls that WeChat then refused
--   askedAt, answered    when WeChat was asked last (ms), and what it answered
local DAY_EXPIRES_S = 259200

-- Calls that the day allows, as domain/limits.ts (callsOfDay) says.
local function calls_of_day(budget, told, cleared)
  told = tonumber(told)
  if budget.believe then return told or budget.perDay end
  return math.min(budget.perDay + (tonumber(cleared) or 0), told or math.huge)
end

-- Calls that only follow-ups may use, at most their configured share: those of follow-ups that fall due before the day ends
-- and that the pace still has time for. Whatever falls due in the last minutes, a minute's calls are kept for each of them.
local function kept_for_follow_ups(budget, per_day, now)
  if budget.reserve <= 0 then return 0 end
  local a_minute = math.min(budget.perMinute, budget.perSecond * 60)
  local due_now = redis.call('LLEN', key.ready('follow-up')) + redis.call('ZCARD', key.window('follow-up'))
  local function due_before(at)
    return due_now + redis.call('ZCOUNT', key.later('follow-up'), '-inf', '(' .. string.format('%.0f', at))
  end
  local minutes_left = math.max(math.ceil((budget.dayEndsAt - now) / 60000), 0)
  local kept = math.min(
    math.floor(per_day * budget.reserve / budget.perDay),
    due_before(budget.dayEndsAt),
    minutes_left * a_minute
  )
  local minutes = 1
  while minutes * a_minute < kept do
    kept = math.min(kept, due_before(budget.dayEndsAt - minutes * 60000) + minutes * a_minute)
    minutes = minutes + 1
  end
  return kept
end

-- When WeChat is asked next: so many ms after the day was shut, and as often as the last of these from then on.
local function next_check(since, now, recheck)
  for _, ms in ipairs(recheck) do
    if since + ms > now then return since + ms end
  end
  local last = recheck[#recheck]
  return since + (math.floor((now - since) / last) + 1) * last
end

local function open_day(calls, now, by)
  redis.call('HDEL', calls, 'closed', 'closedBy', 'probe', 'busyUntil', 'checkAt', 'ask')
  redis.call('HSET', calls, 'openedAt', now, 'openedBy', by)
  ring('quota')
end

-- WeChat answered 45009 to a call of registration `id`. A day that is closed again as soon as it was opened goes on in its
-- schedule: a quota/get that is wrong costs one call an hour then, and not some every minute.
-- closing: { said, recheck (list of ms) }
function close_day(calls, id, closing, now)
  local day = redis.call('HMGET', calls, 'closed', 'probe', 'since', 'openedAt', 'openedBy')
  if day[2] == id then
    redis.call('HDEL', calls, 'probe', 'busyUntil')
    redis.call('HSET', calls, 'askedAt', now, 'answered', closing.said)
  end
  if day[1] then return end
  local since, opened_at = tonumber(day[3]), tonumber(day[4])
  local goes_on = closing.recheck and since and opened_at and now - opened_at < closing.recheck[1]
  if goes_on then
    if day[5] == 'told' then redis.call('HSET', calls, 'doubted', '1') end
    redis.call('HSETNX', calls, 'shutAt', now)
  else
    since = now
    redis.call('HDEL', calls, 'doubted', 'askedAt', 'answered', 'ask')
    redis.call('HSET', calls, 'shutAt', now)
  end
  redis.call('HSET', calls, 'closed', '1', 'closedBy', closing.said, 'since', since)
  if closing.recheck then redis.call('HSET', calls, 'checkAt', next_check(since, now, closing.recheck)) end
end

-- What the answer to the one call that may go on a closed day says of the day; 45009 is for close_day.
-- probe: { said, verdict }: 'open'; 'again': WeChat did not look at the call, so another one may go; 'unknown': none before
-- the next check
function hear_of_probe(calls, id, probe, now)
  if redis.call('HGET', calls, 'probe') ~= id then return end
  redis.call('HSET', calls, 'askedAt', now, 'answered', probe.said)
  if probe.verdict == 'open' then return open_day(calls, now, 'probe') end
  redis.call('HDEL', calls, 'busyUntil')
  if probe.verdict == 'again' then
    redis.call('HSET', calls, 'probe', 'wanted')
    ring('quota')
  else
    redis.call('HDEL', calls, 'probe')
  end
end
