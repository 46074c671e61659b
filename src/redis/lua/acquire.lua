-- Acquires permits for calls, and records in the same step that the calls are sent.
-- KEYS 1 any key of ours
-- ARGV 1 budgets (JSON):
--        perSecond, perMinute, perDay  calls          reserve  most calls of the day that are reserved for `search`
--        believe  true: the limit that WeChat reports for the day replaces perDay
--        day, dayEndsAt (ms)           quota day      closedMs how long sending is closed, 0 when open
--        triesPerDay                   of a person    probeMs  how long the probe of a stopped line may take
--        recheck  times of the checks of a closed day (list of ms, see day.lua); absent: no checks
--        askMs    how long a check or a call may take
--        epoch    the epoch with which the process has compared its journal; absent if it has no journal
--        settleMs how long creates wait for processes that have not yet reported to an epoch
--      then of each call: id, the version on which the call was decided, 'create' or 'search', its job, the write set (JSON;
--      `record` in fact.lua; '': that of the call before), the person ('' for a search), and the write id
-- Answers of each call
--   { 'go' }
--   { 'go', 0, 'day_probe' } the day is closed: no other call goes before this one is answered
--   { 'conflict' }           the registration has changed since the version
--   { 'epoch' }              another epoch has begun
--   { 'forgotten' }          journals have facts of this registration that Redis lost: restore them first
--   { 'wait', ms, why }      why: ledger, line, clock, hours, day, pause or pace. The registration was not changed. -1 ms: until
--                            a person resumes the line. why `question`: this process first sends WeChat a harmless request
--                            (question.lua)
--   { 'check', deadline }    ms; this process asks WeChat, for all processes, whether the day has calls (end-check.lua)
--   { 'held', until, why }   ms; why: person. The caller records create_held.
local budget = cjson.decode(ARGV[1])
-- Longer than a second, because WeChat counts calls when they arrive, and some travel faster than others: a few early calls do
-- not matter among a thousand, but exceed the budget among ten.
local SECOND_US = 1003000
if budget.perSecond < 500 then SECOND_US = 1005000 end
if budget.perSecond < 50 then SECOND_US = 1012000 end
local MINUTE_US = 60100000
-- Within a second calls are spread evenly. A delay of up to CATCH_UP_US is caught up at half the usual distance, and not at
-- once: when the calls of a burst leave the window, there is room for another burst, and so in each second after it. Calls of a few
-- milliseconds may go together, because workers do not ask more often.
local DISTANCE_US = SECOND_US / budget.perSecond
local CATCH_UP_US, CATCH_UP_DISTANCE_US, TOGETHER_US = 100000, DISTANCE_US / 2, 10000
-- If all calls that are left are reserved for follow-ups, a worker asks again after this time.
local KEPT_LOOK_MS = 3000

local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local now = math.floor(now_us / 1000)

-- State that all calls share is read once, and written once after all calls are decided.
local line_state, line_probe, probe_deadline, probe_call, probe_due_at, longest_wait_ms, asked_first = unpack(redis.call(
  'HMGET', key.line(), 'state', 'probe', 'probeDeadline', 'probeCall', 'dueAt', 'maxMs', 'question'
))
local PROBES = line_state and constant.lineProbes
local SEARCHES = line_state and constant.lineSearches
-- Which calls can be the probe: those that can meet the fault.
local CAN_PROBE = line_state and (constant.probeCalls)[probe_call or 'create']
-- Redis' clock may have been set back. Times in its future then count as now, so that no call waits for the clock to catch up.
local pause = redis.call('PTTL', key.pause())
if pause > 0 then
  local longest = tonumber(redis.call('GET', key.pause()))
  if pause > longest then
    pause = longest
    redis.call('PEXPIRE', key.pause(), pause)
  end
end
-- When the next call is due, and before which time none goes, not even a late one.
local due, not_before = string.match(redis.call('GET', key.pace()) or '', '^(%d+) (%d+)$')
due, not_before = tonumber(due or 0), tonumber(not_before or 0)
if math.max(due, not_before) - now_us > SECOND_US then due, not_before = now_us, now_us end
local function microseconds_of(call) return tonumber((string.match(call, '^%d+'))) end
local newest = redis.call('LINDEX', key.recent(), 0)
if newest and microseconds_of(newest) > now_us then
  for i, call in ipairs(redis.call('LRANGE', key.recent(), 0, -1)) do
    if microseconds_of(call) <= now_us then break end
    redis.call('LSET', key.recent(), i - 1, string.format('%.0f', now_us) .. string.match(call, '^%d+(.*)$'))
  end
end
local calls, tries = key.calls(budget.day), key.tries(budget.day)
local creates, searches, reported_limit, cleared, closed, day_probe, busy_until, check_at, asked_for, reported_at = unpack(redis.call(
  'HMGET', calls, 'create', 'search', 'reportedLimit', 'cleared', 'closed', 'probe', 'busyUntil', 'checkAt', 'ask', 'reportedAt'
))
local per_day = calls_of_day(budget, reported_limit, cleared)
local left = per_day - (tonumber(creates) or 0) - (tonumber(searches) or 0)
busy_until, check_at, reported_at = tonumber(busy_until or nil) or 0, tonumber(check_at or nil), tonumber(reported_at or nil)
-- Calls that are reserved for follow-ups; computed only when so few calls are left that it matters.
local reserved
local granted = { create = 0, search = 0 }
-- Entries for the list of recent calls, time and registration, the newest last.
local NOW = whole(now_us) .. ' '
local recent_entries = {}
local granted_total = 0
-- Jobs by their window.
local finished_jobs = {}
local recent_count = redis.call('LLEN', key.recent())

-- Redis may have lost calls that were made (loss.ts).
local epoch, is_settling, has_forgotten
if budget.epoch then
  epoch = redis.call('HGET', key.epoch(), 'id')
  is_settling = settling_for(now, budget.settleMs) >= 0
  has_forgotten = redis.call('EXISTS', key.forgotten('any')) == 1
end
local LOOK_AGAIN_MS = 200

-- How long until the window has room for a call, in µs: until the call that is `calls_of_window` calls back leaves it.
local function until_room(calls_of_window, window_us)
  if recent_count + granted_total < calls_of_window then return 0 end
  if granted_total >= calls_of_window then return window_us end
  local back = redis.call('LINDEX', key.recent(), calls_of_window - 1 - granted_total)
  return back and window_us - (now_us - microseconds_of(back)) or 0
end

-- Whether a time of the line has come. A time that is further ahead than `longest` was written before Redis' clock was set back.
local function has_come(at, longest) return now >= tonumber(at) or tonumber(at) - now > longest end

-- Whether a call may be the probe of a stopped line (domain/line.ts, LINE_STATES), and if not, in how many ms; -1: not until a
-- person resumes the line.
local function may_be_probe()
  local waits_until, longest = 0, 0
  local probes = PROBES[line_state]
  if probes == 'wanted' then return true end
  if probes == 'sent' then
    waits_until, longest = probe_deadline, budget.probeMs
  elseif probes == 'due' then
    waits_until, longest = probe_due_at, tonumber(longest_wait_ms)
  else
    return false, -1
  end
  if has_come(waits_until, longest) then return true end
  return false, tonumber(waits_until) - now
end

-- Whether a call passes a stopped line: as the probe, or as a search beside it (domain/line.ts, PROBE_CALLS and LINE_STATES).
local function passes_line(kind)
  local may, wait_ms = may_be_probe()
  if CAN_PROBE[kind] then
    if may then return true end
  else
    local searches = SEARCHES[line_state]
    if searches == 'pass' then return true end
    if searches == 'stand_in' and may and (budget.closedMs > 0 or no_create_waits()) then return true end
  end
  return false, math.max(wait_ms or -1, -1)
end

local function left_for(kind)
  if kind ~= 'create' or left > per_day * budget.reserve / budget.perDay then return left end
  reserved = reserved or reserved_for_follow_ups(budget, per_day, now)
  return left - reserved
end

-- The day has no call left for this one. When a check is due, the first worker that asks gets it.
local function wait_for_day()
  local wait_until = budget.dayEndsAt
  if budget.recheck then
    if not check_at then
      -- Used up by our own count. If quota/get was asked a moment ago, the first check waits for its regular time.
      check_at = reported_at and math.max(now, reported_at + budget.recheck[1]) or now
      redis.call('HSET', calls, 'since', now, 'shutAt', now, 'checkAt', check_at)
    end
    if busy_until > now then
      wait_until = busy_until
    elseif asked_for or check_at <= now then
      if asked_for then
        asked_for, check_at = false, now
        redis.call('HDEL', calls, 'ask')
        redis.call('HSET', calls, 'since', now, 'checkAt', now)
      end
      busy_until = now + budget.askMs
      redis.call('HSET', calls, 'busyUntil', busy_until)
      return { 'check', busy_until }
    else
      wait_until = check_at
    end
    -- A push may free a call that is reserved for a follow-up at any moment.
    if not closed and left > 0 then wait_until = math.min(wait_until, now + KEPT_LOOK_MS) end
  end
  return { 'wait', math.min(wait_until, budget.dayEndsAt) - now, 'day' }
end

-- The reason for which every call of this kind waits; nil if there is none.
local function shut_for(kind)
  if kind == 'create' and is_settling then return { 'wait', LOOK_AGAIN_MS, 'ledger' } end
  if line_state then
    local passes, wait_ms = passes_line(kind)
    if not passes then return { 'wait', wait_ms, 'line' } end
  end
  if now >= budget.dayEndsAt then return { 'wait', 0, 'clock' } end
  if kind == 'create' and budget.closedMs > 0 then return { 'wait', budget.closedMs, 'hours' } end
  if closed and (day_probe ~= 'wanted' or busy_until > now) or left_for(kind) <= 0 then return wait_for_day() end
  if pause > 0 then return { 'wait', pause, 'pause' } end
  -- The budgets hold in every second and every minute.
  local room_us = math.max(until_room(budget.perSecond, SECOND_US), until_room(budget.perMinute, MINUTE_US))
  local wait_us = math.max(room_us, due - now_us, not_before - now_us)
  if wait_us > 0 then return { 'wait', math.ceil(wait_us / 1000), 'pace' } end
end

-- A create that probes the way to WeChat may be lost. A harmless request is sent first, by one process at a time.
local function question()
  local asked = line_state and asked_first
  if not asked or asked == 'answered' then return end
  if asked ~= 'wanted' and not has_come(asked, budget.probeMs) then return { 'wait', tonumber(asked) - now, 'line' } end
  asked_first = now + budget.probeMs
  redis.call('HSET', key.line(), 'question', asked_first)
  return { 'wait', 0, 'question' }
end

-- Tries of the Weixin IDs of this run, and of those among them that have one more.
local tries_of, new_tries = {}, {}
local persons = every(7, 7)
for i, number in ipairs(redis.call('HMGET', tries, unpack(persons))) do tries_of[persons[i]] = tonumber(number or nil) or 0 end

local function held(person)
  if person ~= '' and tries_of[person] >= budget.triesPerDay then return { 'held', budget.dayEndsAt, 'person' } end
end

local function count_try(person)
  tries_of[person] = tries_of[person] + 1
  new_tries[#new_tries + 1] = person
  new_tries[#new_tries + 1] = whole(tries_of[person])
end

local function acquire(id, version, kind, job, write_set, person, write_id)
  if epoch ~= budget.epoch then return { 'epoch' } end
  if version_of(id) ~= version then return { 'conflict' } end
  if has_forgotten and redis.call('EXISTS', key.forgotten(id)) == 1 then return { 'forgotten' } end
  local is_create = kind == 'create'
  local refusal = shut_for(kind) or (is_create and (held(person) or question()))
  if refusal then return refusal end

  granted[kind] = granted[kind] + 1
  granted_total, left = granted_total + 1, left - 1
  if reserved and not is_create then reserved = math.max(reserved - 1, 0) end
  recent_entries[granted_total] = NOW .. id
  due = math.max(due, now_us - CATCH_UP_US) + DISTANCE_US
  not_before = math.max(not_before, now_us - TOGETHER_US) + CATCH_UP_DISTANCE_US
  if is_create and person ~= '' then count_try(person) end
  record(id, write_set_from(write_set), write_id)
  -- The line waits for the answer to this call alone, so it becomes the probe only here, where it is certain to be sent.
  local probing = line_state and CAN_PROBE[kind] and next_line(line_state, 'probe_sent')
  if probing then
    -- The probe before it was lost with its worker. A push may say what became of a create.
    if line_probe and redis.call('HGET', key.line(), 'probeKind') ~= 'search' then
      redis.call('HSET', key.line(), 'earlierProbe', line_probe)
    end
    line_state, line_probe, probe_deadline = probing, id, now + budget.probeMs
    redis.call('HSET', key.line(), 'state', probing, 'probe', id, 'probeKind', kind, 'probeDeadline', probe_deadline)
  end
  local window = key.window(is_create and 'submit' or 'follow-up')
  finished_jobs[window] = finished_jobs[window] or {}
  table.insert(finished_jobs[window], job)
  if not closed then return { 'go' } end
  day_probe, busy_until = id, now + budget.askMs
  redis.call('HSET', calls, 'probe', day_probe, 'busyUntil', busy_until)
  return { 'go', 0, 'day_probe' }
end

local answers = each(7, acquire, 5)

if granted_total > 0 then
  redis.call('SET', key.pace(), string.format('%.0f %.0f', due, not_before), 'PX', 60000)
  local most = math.max(budget.perMinute, budget.perSecond)
  redis.call('LPUSH', key.recent(), unpack(recent_entries))
  if recent_count + granted_total > most + 100 then redis.call('LTRIM', key.recent(), 0, most - 1) end
  for kind, count in pairs(granted) do
    if count > 0 then redis.call('HINCRBY', calls, kind, whole(count)) end
  end
  -- By the whole hours that are left of the day, which has 23 or 25 of them where clocks change.
  redis.call('HINCRBY', calls, 'left:' .. math.floor((budget.dayEndsAt - now - 1) / 3600000), whole(granted_total))
  for window, jobs in pairs(finished_jobs) do redis.call('ZREM', window, unpack(jobs)) end
  if #new_tries > 0 then redis.call('HSET', tries, unpack(new_tries)) end
  redis.call('EXPIRE', calls, DAY_EXPIRES_S)
  redis.call('EXPIRE', tries, DAY_EXPIRES_S)
end
return answers
