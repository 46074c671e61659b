-- The line, the circuit breaker of domain/line.ts, loaded with every script: what stops it, and what its probe does to it.

-- The line's state and its probes, once this run has read them.
local line_now

local function is_pause(problem) return string.find(problem, constant.pausePrefix, 1, true) == 1 end

-- The state that an event leads to (domain/line.ts, LINE_MOVES); nil if it changes nothing.
local function next_line(state, event) return (constant.lineMoves)[event][state] end

-- Whether the probe of a line in this state has been sent and has no answer.
local function is_probing(state) return (constant.lineProbes)[state] == 'sent' end

local function enter_line_state(state)
  if state == 'running' then
    redis.call('DEL', key.line())
  else
    redis.call('HSET', key.line(), 'state', state)
    if not is_probing(state) then redis.call('HDEL', key.line(), 'probe', 'probeKind', 'probeDeadline') end
  end
  line_now = nil
  wake('line')
end

-- When the next probe of a line that opens by itself is due: the wait doubles with each failed probe.
local function probe_due(failed, first, max)
  return milliseconds() + math.floor(math.min(first * 2 ^ math.min(failed, 40), max))
end

-- Names the stop or the pause that is written: a page that shows an earlier one does not end it (resume.lua).
local function name_stop() redis.call('HSET', key.line(), 'stop', table.concat(redis.call('TIME'), '.')) end

-- Writes why the line is stopped, and what opens it.
local function write_stop(stop)
  local line = key.line()
  redis.call(
    'HDEL', line, 'times', 'merchants', 'since', 'probeCall', 'firstMs', 'maxMs', 'failedProbes', 'dueAt', 'question'
  )
  redis.call('HSET', line, 'because', stop.because, 'problem', stop.problem, 'at', stop.at)
  name_stop()
  for _, name in ipairs({ 'times', 'merchants', 'since' }) do
    if stop[name] then redis.call('HSET', line, name, stop[name]) end
  end
  local probe = stop.probe
  if probe then
    local due = probe_due(0, probe.firstMs, probe.maxMs)
    redis.call(
      'HSET', line, 'probeCall', probe.call, 'firstMs', probe.firstMs, 'maxMs', probe.maxMs, 'failedProbes', 0, 'dueAt', due
    )
    if probe.asksFirst then redis.call('HSET', line, 'question', 'wanted') end
  end
end

-- Stops the line. The first fault remains the reason, because later faults usually have the same cause. A person's pause is kept
-- beside it. `stop`: because, problem, at, and if known times, merchants, since (ms) and probe { call, firstMs, maxMs, asksFirst }.
-- Returns false if a fault has stopped the line already, the same fault or another.
local function stop_line(stop)
  local line = key.line()
  local now = redis.call('HMGET', line, 'state', 'problem', 'because')
  local state, pauses = now[1] or 'running', is_pause(stop.problem)
  local to = next_line(state, pauses and 'paused' or stop.probe and 'passing_fault' or 'fault')
  if not to then
    if now[2] == stop.problem and stop.merchants then
      redis.call('HINCRBY', line, 'times', stop.times)
      redis.call('HINCRBY', line, 'merchants', stop.merchants)
    end
    return false
  end
  if pauses and to ~= 'paused' then
    redis.call('HSET', line, 'paused', stop.because)
    name_stop()
  else
    if state == 'paused' and not pauses then redis.call('HSET', line, 'paused', now[3]) end
    if now[2] == stop.problem and stop.since then
      -- The probe met the same fault again.
      local met = redis.call('HMGET', line, 'times', 'merchants', 'since')
      stop.times, stop.since = stop.times + (met[1] or 0), met[3] or stop.since
      stop.merchants = stop.merchants and stop.merchants + (met[2] or 0)
    end
    write_stop(stop)
  end
  redis.call('HDEL', line, 'earlierProbe')
  enter_line_state(to)
  return true
end

-- Defined in fact.lua: when a repeated error stops the line, taking back the tries of its merchants is a fact, too.
local record

-- Counts merchants in a row that met a fault of WeChat or of the network; any other answer ends the row. Creates and searches are
-- counted apart. For each code, the hash of a kind of call has
--   `t CODE` how often, `n CODE` for how many merchants, `s CODE` since when (ms), and for each merchant
--   `m CODE ID` the registration's version, a space, and the write set that returns its try; empty if no try was spent
local ended_streaks = {}
local function count_repeated_error(id, this, at)
  local streak, code = key.repeatedErrors(this.call), this.code
  if code == '' then
    if not ended_streaks[streak] then redis.call('DEL', streak) end
    ended_streaks[streak] = true
    return
  end
  ended_streaks[streak] = nil
  local undo = ''
  if this.undo then undo = version_of(id) .. ' ' .. this.undo end

  local function give_back(whose, kept)
    local version, write_set = string.match(kept, '^(%S+) (.*)$')
    -- The write set was decided on this version. If the registration has changed since, its try is not returned.
    if version and version_of(whose) == version then record(whose, cjson.decode(write_set)) end
  end

  if redis.call('HGET', key.line(), 'problem') == code then
    redis.call('HINCRBY', key.line(), 'times', 1)
    return give_back(id, undo)
  end
  local merchant = 'm ' .. code .. ' ' .. id
  if redis.call('HEXISTS', streak, merchant) == 0 then redis.call('HINCRBY', streak, 'n ' .. code, 1) end
  redis.call('HSET', streak, merchant, undo)
  redis.call('HSETNX', streak, 's ' .. code, at)
  local times = redis.call('HINCRBY', streak, 't ' .. code, 1)
  local merchants = tonumber(redis.call('HGET', streak, 'n ' .. code))
  if (this.countsCalls and times or merchants) < this.most then return end

  local since = redis.call('HGET', streak, 's ' .. code)
  local met = redis.call('HGETALL', streak)
  redis.call('DEL', streak)
  stop_line({
    because = this.met, problem = code, at = at, times = times, merchants = merchants, since = since, probe = this.probe,
  })
  local of_code = 'm ' .. code .. ' '
  for i = 1, #met, 2 do
    if string.sub(met[i], 1, #of_code) == of_code then give_back(string.sub(met[i], #of_code + 1), met[i + 1]) end
  end
end

-- Days on which the API gave any other answer, once this run has read them.
local online = {}

-- Stops the line if every create of the day so far, of at least `most` merchants, got the answer of an API that is offline.
local function offline(id, this, at)
  local met = key.offline(this.day)
  online[this.day] = online[this.day] or redis.call('SISMEMBER', met, '') == 1
  if online[this.day] then return end
  redis.call('SADD', met, this.met and id or '')
  redis.call('EXPIRE', met, constant.dayExpiresS)
  if this.met and redis.call('SCARD', met) >= this.most then
    stop_line({ because = this.because, problem = this.problem, at = at })
  end
end

-- The verdict that a state gives on a create that others wait for, the line's probe or a first row of a batch
-- (domain/registration.ts). The answer may be lost, or come as a push: only the state is known in every case.
local VERDICT_OF = constant.verdictOfState

-- What the probe met, in the words of PROBE_ANSWERS; nil if it met no fault, or one that only a person ends.
local function fault_of_probe(met, problem)
  if not met then return nil end
  if met.code == problem then return 'same' end
  return met.probe and met.probe.call
end

-- The event that the answer to the probe is for the line (domain/line.ts, PROBE_ANSWERS); nil if it is none. If the worker died in
-- the call, there is no verdict: then the registration's state decides, or another probe is sent later (acquire.lua). The state
-- shows what became of a create. It shows nothing of a search.
local function event_of_probe(write_set, state)
  local _, _, _, problem, call = unpack(line_now)
  local may_be_search = (constant.probeCalls)[call or 'create'].search
  local verdict = write_set.verdict or may_be_search and write_set.searchVerdict
  if not verdict and redis.call('HGET', key.line(), 'probeKind') ~= 'search' then
    verdict = (constant.verdictsWithoutAnswer)[VERDICT_OF[state]]
  end
  local met = fault_of_probe(write_set.repeatedError, problem)
  for _, rule in ipairs(constant.probeAnswers) do
    local fits = rule.verdict == verdict and (not rule.probe or rule.probe == call) and (not rule.met or rule.met == met)
    if fits then return rule.event end
  end
end

-- The probe met another fault, which now is the reason for the stop. The time of the stop counts from the first fault.
local function write_blocked(met, at)
  local was = redis.call('HMGET', key.line(), 'probeCall', 'at', 'since', 'failedProbes')
  local stop = { because = met.met, problem = met.code, at = at, times = 0, merchants = 1, since = at, probe = met.probe }
  if was[1] then stop.at, stop.since = was[2], was[3] or at end
  write_stop(stop)
  if was[1] then redis.call('HSET', key.line(), 'failedProbes', was[4]) end
end

-- A line that opens by itself sends the next probe after a longer wait.
local function write_next_probe()
  local line = key.line()
  local now = redis.call('HMGET', line, 'firstMs', 'maxMs')
  local failed = redis.call('HINCRBY', line, 'failedProbes', 1)
  redis.call('HSET', line, 'dueAt', probe_due(failed, tonumber(now[1]), tonumber(now[2])))
  if redis.call('HEXISTS', line, 'question') == 1 then redis.call('HSET', line, 'question', 'wanted') end
end

-- Moves the line after a fact of its probe, or of the earlier probe that has no answer (domain/line.ts, LINE_MOVES).
local function line_after_probe(id, write_set, state)
  line_now = line_now or redis.call('HMGET', key.line(), 'state', 'probe', 'earlierProbe', 'problem', 'probeCall')
  local is_probe = line_now[2] == id
  if not is_probe and line_now[3] ~= id then return end
  local event
  if is_probe then
    event = event_of_probe(write_set, state)
  elseif VERDICT_OF[state] == 'accepted' then
    event = 'earlier_probe_accepted'
  end
  local to = event and next_line(line_now[1], event)
  if not to then return end
  if event == 'probe_blocked' then write_blocked(write_set.repeatedError, write_set.at) end
  if (constant.lineProbes)[to] == 'due' then
    if event == 'probe_void' then
      redis.call('HSET', key.line(), 'dueAt', milliseconds())
    else
      write_next_probe()
    end
  elseif event == 'probe_failed' and not (constant.unsent)[state] then
    -- WeChat may have accepted this probe after all. A line that opens by itself needs a probe with an answer.
    redis.call('HSET', key.line(), 'earlierProbe', id)
  end
  enter_line_state(to)
end
