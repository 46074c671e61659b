-- Takes permission for one call, and writes in the same step that it is on its way.
-- KEYS 1 registration
-- ARGV 1 id, 2 steps known when it was decided, 3 'create' or 'search', 4 its job,
--      5 the decided step (JSON; prelude: record), 6 budgets (JSON):
--        perSecond, perMinute, perDay  calls          reserve  calls of the day that only `search` may use
--        believe  true: what WeChat told of the day goes before perDay
--        day, dayEndsAt (ms)           quota day      closedMs how long sending is closed, 0 when open
--        enterprise, person, triesPerDay, busyMs      of `create`
-- Answers { 'go' }, { 'conflict' }, { 'wait', ms, why } (line, hours, day, pause, pace: nothing was changed), or
-- { 'held', until in ms, why } (enterprise, person: record create_held).
local THREE_DAYS = 259200
local id = ARGV[1]
local kind = ARGV[3]
local budget = cjson.decode(ARGV[6])
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)

if redis.call('LLEN', key.history(id)) ~= tonumber(ARGV[2]) then return { 'conflict' } end

-- A stopped line that somebody resumed lets one create through, which tells whether it may open.
local line = redis.call('HMGET', key.line(), 'stopped', 'canary')
local is_canary = line[1] and kind == 'create' and line[2] == 'wanted'
if line[1] and not is_canary then return { 'wait', -1, 'line' } end
if now >= budget.dayEndsAt then return { 'wait', 0, 'clock' } end
if kind == 'create' and budget.closedMs > 0 then return { 'wait', budget.closedMs, 'hours' } end

local calls = key.calls(budget.day)
local used = redis.call('HMGET', calls, 'create', 'search', 'closed', 'told')
local per_day, reserve = budget.perDay, budget.reserve
if budget.believe and used[4] then
  per_day = tonumber(used[4])
  reserve = math.floor(per_day * budget.reserve / budget.perDay)
end
local left = per_day - (tonumber(used[1]) or 0) - (tonumber(used[2]) or 0)
if kind == 'create' then left = left - reserve end
if used[3] or left <= 0 then return { 'wait', budget.dayEndsAt - now, 'day' } end

local pause = redis.call('PTTL', key.pause())
if pause > 0 then return { 'wait', pause, 'pause' } end

local tries = key.tries(budget.day)
if kind == 'create' then
  local running = redis.call('GET', key.busy(budget.enterprise))
  if running and running ~= id then
    return { 'held', now + redis.call('PTTL', key.busy(budget.enterprise)), 'enterprise' }
  end
  if budget.person ~= '' and (tonumber(redis.call('HGET', tries, budget.person)) or 0) >= budget.triesPerDay then
    return { 'held', budget.dayEndsAt, 'person' }
  end
end

-- Exact: the call that lies as many calls back as a window may hold must be older than the window. The second is taken
-- for 1.2 % longer than it is, because calls do not travel equally long and are counted where they arrive.
local SECOND_US = 1012000
local second_ago = redis.call('LINDEX', key.recent(), budget.perSecond - 1)
if second_ago and now_us - second_ago < SECOND_US then
  return { 'wait', math.ceil((SECOND_US - (now_us - second_ago)) / 1000), 'pace' }
end
local minute_ago = redis.call('LINDEX', key.recent(), budget.perMinute - 1)
if minute_ago and now_us - minute_ago < 60000000 then
  return { 'wait', math.ceil((60000000 - (now_us - minute_ago)) / 1000), 'pace' }
end
-- Smooth: calls are spread over the second; up to 100 ms of lateness are made up for.
local due = tonumber(redis.call('GET', key.pace()) or 0)
if due - now_us > 0 then return { 'wait', math.ceil((due - now_us) / 1000), 'pace' } end
redis.call('SET', key.pace(), string.format('%.0f', math.max(due, now_us - 100000) + SECOND_US / budget.perSecond), 'PX', 60000)

local most = math.max(budget.perMinute, budget.perSecond)
local remembered = redis.call('LPUSH', key.recent(), string.format('%.0f', now_us))
if remembered > most + 100 then redis.call('LTRIM', key.recent(), 0, most - 1) end
if redis.call('HINCRBY', calls, kind, 1) == 1 then redis.call('EXPIRE', calls, THREE_DAYS) end

if kind == 'create' then
  redis.call('SET', key.busy(budget.enterprise), id, 'PX', budget.busyMs)
  if budget.person ~= '' then
    redis.call('HINCRBY', tries, budget.person, 1)
    redis.call('EXPIRE', tries, THREE_DAYS)
  end
end

if is_canary then redis.call('HSET', key.line(), 'canary', id) end
record(id, cjson.decode(ARGV[5]))
redis.call('ZREM', key.window(kind == 'create' and 'submit' or 'follow-up'), ARGV[4])
return { 'go' }
