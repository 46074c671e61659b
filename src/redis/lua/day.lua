-- The quota day, loaded with every script. Fields of its hash beside the counts of calls:
--   reportedLimit, reportedUsed, countedThen, reportedAt   the last answer of quota/get (domain/budgets.ts, ReportedQuota)
--   cleared   calls of ours that WeChat no longer counts, because its count was reset or its day began later
--   closed    '1': WeChat answered 45009, with the words closedBy
--   shutAt    when the day was closed, by 45009 or because its calls were used up (ms)
--   since     the same, or the time of a later check that a person requested (ms): `recheck` counts from here
--   checkAt   time of the next check, which asks WeChat whether the day has calls (ms)
--   ask       when a person requested a check at once (ms)
--   busyUntil until when a check or a probe may be in flight (ms)
--   probe     'wanted': the next call is the probe; else the registration whose call is the probe
--   openedAt, openedBy   when the day was opened again (ms), by 'report' (of quota/get) or by 'probe'
--   doubted   '1': quota/get reported calls, and WeChat then refused them
--   askedAt, answered    time of the last check (ms), and WeChat's answer
local DAY_EXPIRES_S = constant.dayExpiresS

-- Calls that the day allows, as domain/limits.ts (callsOfDay) says.
local function calls_of_day(budget, reported, cleared)
  reported = tonumber(reported)
  if budget.believe then return reported or budget.perDay end
  return math.min(budget.perDay + (tonumber(cleared) or 0), reported or math.huge)
end

-- Calls that only follow-ups may use, at most their configured share: one for each follow-up that falls due before the day
-- ends, if the pace leaves time for it. For the last minutes, no more calls are reserved than can be made in these minutes.
local function reserved_for_follow_ups(budget, per_day, now)
  if budget.reserve <= 0 then return 0 end
  local a_minute = math.min(budget.perMinute, budget.perSecond * 60)
  local due_now = redis.call('LLEN', key.ready('follow-up')) + redis.call('ZCARD', key.window('follow-up'))
  local function due_before(at)
    return due_now + redis.call('ZCOUNT', key.scheduled('follow-up'), '-inf', '(' .. string.format('%.0f', at))
  end
  local minutes_left = math.max(math.ceil((budget.dayEndsAt - now) / 60000), 0)
  local reserved = math.min(
    math.floor(per_day * budget.reserve / budget.perDay),
    due_before(budget.dayEndsAt),
    minutes_left * a_minute
  )
  local minutes = 1
  while minutes * a_minute < reserved do
    reserved = math.min(reserved, due_before(budget.dayEndsAt - minutes * 60000) + minutes * a_minute)
    minutes = minutes + 1
  end
  return reserved
end

-- Time of the next check: `recheck` lists times in ms after the day was closed; after the last, its interval repeats.
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
  wake('quota')
end

-- WeChat answered 45009 to a call of registration `id`. A day that is closed again right after it was opened continues its
-- schedule, so that a wrong answer of quota/get does not cost calls every minute.
-- closing: { said, recheck (list of ms) }
local function close_day(calls, id, closing, now)
  local day = redis.call('HMGET', calls, 'closed', 'probe', 'since', 'openedAt', 'openedBy')
  if day[2] == id then
    redis.call('HDEL', calls, 'probe', 'busyUntil')
    redis.call('HSET', calls, 'askedAt', now, 'answered', closing.said)
  end
  if day[1] then return end
  local since, opened_at = tonumber(day[3]), tonumber(day[4])
  local goes_on = closing.recheck and since and opened_at and now - opened_at < closing.recheck[1]
  if goes_on then
    if day[5] == 'report' then redis.call('HSET', calls, 'doubted', '1') end
    redis.call('HSETNX', calls, 'shutAt', now)
  else
    since = now
    redis.call('HDEL', calls, 'doubted', 'askedAt', 'answered', 'ask')
    redis.call('HSET', calls, 'shutAt', now)
  end
  redis.call('HSET', calls, 'closed', '1', 'closedBy', closing.said, 'since', since)
  if closing.recheck then redis.call('HSET', calls, 'checkAt', next_check(since, now, closing.recheck)) end
end

-- The probe of a closed day was answered, but not with 45009 (close_day), or was not made.
-- probe: { said (absent if it was not made), verdict }: 'open': the day has calls; 'again': WeChat did not process the call, so the next call is the
-- probe; 'unknown': no further probe before the next check
local function probe_answered(calls, id, probe, now)
  if redis.call('HGET', calls, 'probe') ~= id then return end
  if probe.said then redis.call('HSET', calls, 'askedAt', now, 'answered', probe.said) end
  if probe.verdict == 'open' then return open_day(calls, now, 'probe') end
  redis.call('HDEL', calls, 'busyUntil')
  if probe.verdict == 'again' then
    redis.call('HSET', calls, 'probe', 'wanted')
    wake('quota')
  else
    redis.call('HDEL', calls, 'probe')
  end
end
