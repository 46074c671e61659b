-- Takes permission for calls, and writes in the same step that they are on their way.
-- KEYS 1 any key of ours
-- ARGV 1 budgets (JSON):
--        perSecond, perMinute, perDay  calls          reserve  calls of the day that only `search` may use
--        believe  true: what WeChat told of the day goes before perDay
--        day, dayEndsAt (ms)           quota day      closedMs how long sending is closed, 0 when open
--        triesPerDay                   of a person
--      then of each call: id, steps known when it was decided, 'create' or 'search', its job, the decided step (JSON;
--      prelude: record), and of `create` the person
-- Answers of each { 'go' }, { 'conflict' }, { 'wait', ms, why } (line, clock, hours, day, pause, pace: nothing was
-- changed), or { 'held', until in ms, why } (person: record create_held).
local THREE_DAYS = 259200
local budget = cjson.decode(ARGV[1])
-- Longer than it is, because calls do not travel equally long and are counted where they arrive: a few that come too
-- early are nothing among a thousand, and too many among ten.
local SECOND_US = budget.perSecond < 500 and 1012000 or 1003000
local MINUTE_US = 60100000
local CATCH_UP_US = 100000

local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)

-- What all calls share is read once, and written once when all have been decided.
local line = redis.call('HMGET', key.line(), 'stopped', 'canary')
local pause = redis.call('PTTL', key.pause())
local due = tonumber(redis.call('GET', key.pace()) or 0)
local calls, tries = key.calls(budget.day), key.tries(budget.day)
local counted = redis.call('HMGET', calls, 'create', 'search', 'closed', 'told')
local per_day, reserve = budget.perDay, budget.reserve
if budget.believe and counted[4] then
  per_day = tonumber(counted[4])
  reserve = math.floor(per_day * budget.reserve / budget.perDay)
end
local left = per_day - (tonumber(counted[1]) or 0) - (tonumber(counted[2]) or 0)
local granted = { create = 0, search = 0 }
-- When calls went, and whose, as they are remembered; the newest last.
local gone = {}
local went = 0
-- Jobs by their window.
local done = {}
local remembered = redis.call('LLEN', key.recent())

-- How long until the call that lies as many calls back as a window may hold is older than the window, in µs.
local function until_room(calls_of_window, window_us)
  if remembered + went < calls_of_window then return 0 end
  if went >= calls_of_window then return window_us end
  local back = redis.call('LINDEX', key.recent(), calls_of_window - 1 - went)
  return back and window_us - (now_us - string.match(back, '%d+')) or 0
end

-- What a stopped line on trial lets through: one create, and every search. That create may never go (it was withdrawn, it is
-- held), and its worker may die in the call; a search asks nobody for anything, and one that meets the fault stops the
-- line again.
local function on_trial(kind)
  if kind == 'create' then return line[2] == 'wanted' end
  return line[2]
end

-- What holds every call of a kind; nil: nothing.
local function shut_for(kind)
  if line[1] and not on_trial(kind) then return { 'wait', -1, 'line' } end
  if now >= budget.dayEndsAt then return { 'wait', 0, 'clock' } end
  if kind == 'create' and budget.closedMs > 0 then return { 'wait', budget.closedMs, 'hours' } end
  if counted[3] or left - (kind == 'create' and reserve or 0) <= 0 then return { 'wait', budget.dayEndsAt - now, 'day' } end
  if pause > 0 then return { 'wait', pause, 'pause' } end
  -- Exact in any second and in any minute; smooth within the second, where some lateness is made up for.
  local wait_us = math.max(until_room(budget.perSecond, SECOND_US), until_room(budget.perMinute, MINUTE_US), due - now_us)
  if wait_us > 0 then return { 'wait', math.ceil(wait_us / 1000), 'pace' } end
end

local function held(person)
  if person ~= '' and (tonumber(redis.call('HGET', tries, person)) or 0) >= budget.triesPerDay then
    return { 'held', budget.dayEndsAt, 'person' }
  end
end

local function take(id, steps, kind, job, step, person)
  if redis.call('LLEN', key.history(id)) ~= tonumber(steps) then return { 'conflict' } end
  local is_create = kind == 'create'
  local refusal = shut_for(kind) or (is_create and held(person))
  if refusal then return refusal end

  granted[kind] = granted[kind] + 1
  went, left = went + 1, left - 1
  gone[went] = string.format('%.0f %s', now_us, id)
  due = math.max(due, now_us - CATCH_UP_US) + SECOND_US / budget.perSecond
  if is_create and person ~= '' then redis.call('HINCRBY', tries, person, '1') end
  record(id, cjson.decode(step))
  -- The line waits for that one alone, so not before it is sure to go.
  if line[1] and is_create then
    redis.call('HSET', key.line(), 'canary', id)
    line[2] = id
  end
  local window = key.window(is_create and 'submit' or 'follow-up')
  done[window] = done[window] or {}
  table.insert(done[window], job)
  return { 'go' }
end

local answers = each(6, take)

if went > 0 then
  redis.call('SET', key.pace(), string.format('%.0f', due), 'PX', 60000)
  local most = math.max(budget.perMinute, budget.perSecond)
  redis.call('LPUSH', key.recent(), unpack(gone))
  if remembered + went > most + 100 then redis.call('LTRIM', key.recent(), 0, most - 1) end
  for kind, count in pairs(granted) do
    if count > 0 then redis.call('HINCRBY', calls, kind, count) end
  end
  for window, jobs in pairs(done) do redis.call('ZREM', window, unpack(jobs)) end
  redis.call('EXPIRE', calls, THREE_DAYS)
  redis.call('EXPIRE', tries, THREE_DAYS)
end
return answers
