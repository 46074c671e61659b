-- Takes permission for calls, and writes in the same step that they are on their way.
-- KEYS 1 any key of ours
-- ARGV 1 budgets (JSON):
--        perSecond, perMinute, perDay  calls          reserve  calls of the day that only `search` may use
--        believe  true: what WeChat told of the day goes before perDay
--        day, dayEndsAt (ms)           quota day      closedMs how long sending is closed, 0 when open
--        triesPerDay                   of a person    probeMs  how long the probe of a stopped line may take
--      then of each call: id, steps known when it was decided, 'create' or 'search', its job, the decided step (JSON;
--      prelude: record), and of `create` the person
-- Answers of each { 'go' }, { 'conflict' }, { 'wait', ms, why } (line, clock, hours, day, pause, pace: nothing was
-- changed; -1 ms: until somebody opens the line; question: WeChat is to be asked first, see question.lua), or { 'held', until in ms, why } (person: record create_held).
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
local line = redis.call('HMGET', key.line(), 'stopped', 'canary', 'deadline', 'probe', 'due', 'max', 'paused', 'question')
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

-- A time of the line has come. One that is further ahead than it was ever set was set by a clock that went back since.
local function has_come(at, longest) return now >= tonumber(at) or tonumber(at) - now > longest end

-- Whether a stopped line wants a probe, and if not, in how many ms; -1: a person opens it. A line that was resumed wants
-- one, and so does one that opens by itself when its wait is over. One whose worker died is replaced when any call would
-- be over.
local function wants_probe()
  local canary, deadline, due = line[2], line[3], line[5]
  if canary == 'wanted' then return true end
  if canary then
    if not deadline then return false, -1 end
    if has_come(deadline, budget.probeMs) then return true end
    return false, tonumber(deadline) - now
  end
  if not due or line[7] then return false, -1 end
  if has_come(due, tonumber(line[6])) then return true end
  return false, tonumber(due) - now
end

-- What a stopped line lets through: the probe; and once it was resumed, or tries a create of its own, every search. That
-- create may never go (it was withdrawn, it is held); a search asks nobody for anything, and one that meets the fault stops
-- the line again. Where the way to WeChat is at fault, a search is as good a probe as a create, and no better off.
local function on_trial(kind)
  local wanted, wait_ms = wants_probe()
  if wanted and (kind == 'create' or line[4] == 'any') then return true end
  if kind == 'search' and line[2] and line[4] ~= 'any' then return true end
  return false, math.max(wait_ms or -1, -1)
end

-- What holds every call of a kind; nil: nothing.
local function shut_for(kind)
  if line[1] then
    local passes, wait_ms = on_trial(kind)
    if not passes then return { 'wait', wait_ms, 'line' } end
  end
  if now >= budget.dayEndsAt then return { 'wait', 0, 'clock' } end
  if kind == 'create' and budget.closedMs > 0 then return { 'wait', budget.closedMs, 'hours' } end
  if counted[3] or left - (kind == 'create' and reserve or 0) <= 0 then return { 'wait', budget.dayEndsAt - now, 'day' } end
  if pause > 0 then return { 'wait', pause, 'pause' } end
  -- Exact in any second and in any minute; smooth within the second, where some lateness is made up for.
  local wait_us = math.max(until_room(budget.perSecond, SECOND_US), until_room(budget.perMinute, MINUTE_US), due - now_us)
  if wait_us > 0 then return { 'wait', math.ceil(wait_us / 1000), 'pace' } end
end

-- Before a create that may be lost like those before it goes a question that costs nobody anything. One asks at a time.
local function question()
  local asked = line[1] and line[8]
  if not asked or asked == 'answered' then return end
  if asked ~= 'wanted' and not has_come(asked, budget.probeMs) then return { 'wait', tonumber(asked) - now, 'line' } end
  line[8] = now + budget.probeMs
  redis.call('HSET', key.line(), 'question', line[8])
  return { 'wait', 0, 'question' }
end

local function held(person)
  if person ~= '' and (tonumber(redis.call('HGET', tries, person)) or 0) >= budget.triesPerDay then
    return { 'held', budget.dayEndsAt, 'person' }
  end
end

local function take(id, steps, kind, job, step, person)
  if redis.call('LLEN', key.history(id)) ~= tonumber(steps) then return { 'conflict' } end
  local is_create = kind == 'create'
  local refusal = shut_for(kind) or (is_create and (held(person) or question()))
  if refusal then return refusal end

  granted[kind] = granted[kind] + 1
  went, left = went + 1, left - 1
  gone[went] = string.format('%.0f %s', now_us, id)
  due = math.max(due, now_us - CATCH_UP_US) + SECOND_US / budget.perSecond
  if is_create and person ~= '' then redis.call('HINCRBY', tries, person, '1') end
  record(id, cjson.decode(step))
  -- The line waits for that one alone, so not before it is sure to go.
  if line[1] and (is_create or line[4] == 'any') then
    if line[2] and line[2] ~= 'wanted' then redis.call('HSET', key.line(), 'failed', line[2]) end
    line[2], line[3] = id, now + budget.probeMs
    redis.call('HSET', key.line(), 'canary', id, 'deadline', line[3])
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
