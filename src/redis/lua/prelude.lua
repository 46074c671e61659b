-- What every script shares. Names of keys, `key.…`, and what the tables of src/domain say,
-- `constant.…`, are written out before a script is loaded, and so are the fields of a registration, `field.…` (keys.ts,
-- lua-constants.ts).
local function joined(name, part) return name .. part end

local ROWS_PER_PAGE = constant.rowsPerPage

-- In place of the row of a registration of which only its outcome is kept (purge.lua); it is a row of no batch.
local PURGED_ROW = constant.purgedRow

-- The relay looks by itself as often as this: what is due later needs no wakeup.
local RELAY_LOOKS_EVERY_MS = constant.relayLooksEveryMs

local function milliseconds()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- After a restart Redis may have forgotten calls, until each process has recorded again what its journal has (loss.ts). Within
-- this time processes connect again that nobody knows of any more.
local MOMENT_MS = 1000

-- For how long processes have been waited for that have yet to report, in ms; -1: nobody is, or no longer.
local function settling_for(now, most_ms)
  local times = redis.call('HMGET', key.epoch(), 'settling', 'notBefore')
  local since = tonumber(times[1] or nil)
  if not since then return -1 end
  local is_over = redis.call('EXISTS', key.unreported()) == 0 and now >= tonumber(times[2] or 0)
  -- Redis' clock may be set back meanwhile.
  if not is_over and now >= since and now - since < most_ms then return now - since end
  redis.call('HDEL', key.epoch(), 'settling', 'notBefore')
  return -1
end

-- "batch/index" -> batch, index
local function row_of(pointer)
  local batch, index = string.match(pointer, '^(.*)/(%d+)$')
  return batch, tonumber(index)
end

local function row_at(pointer)
  local batch, index = row_of(pointer)
  local page = key.rows(batch .. ':' .. math.floor(index / ROWS_PER_PAGE))
  return redis.call('LINDEX', page, index % ROWS_PER_PAGE)
end

local function counted_as(state, wait)
  if wait and wait ~= '' then return state .. '/' .. wait end
  return state
end

-- By how much the counts of batches, and of all registrations, change in this run, and how many facts are recorded.
local changes, facts = {}, 0

local function write_counts()
  for counts, change in pairs(changes) do
    for state, by in pairs(change) do
      if by ~= 0 then redis.call('HINCRBY', counts, state, by) end
    end
  end
  changes = {}
  if facts > 0 then redis.call('HINCRBY', key.epoch(), 'facts', facts) end
  facts = 0
end

local function count_change(counts, name, by)
  local change = changes[counts] or {}
  changes[counts] = change
  change[name] = (change[name] or 0) + by
end

-- Registrations by state: `before` is nil for one that is new, `after` for one that is forgotten.
local function count_state(before, after)
  if before == after then return end
  if before then count_change(key.states(), before, -1) end
  if after then count_change(key.states(), after, 1) end
end

-- Every batch that has a row for this registration counts it.
local function recount(row, also, before, after)
  if before == after then return end
  local pointers = row .. ' ' .. (also or '')
  for pointer in string.gmatch(pointers, '%S+') do
    if pointer ~= PURGED_ROW then
      local counts = key.counts(row_of(pointer))
      count_change(counts, before, -1)
      count_change(counts, after, 1)
    end
  end
end

-- Rows that stop showing the registration, or begin to: { pointer, relation, counted before, counted after, kept outcome }
-- of each (row-changes.ts). Nothing is left to change of a batch that was purged.
local function change_rows(rows)
  for _, row in ipairs(rows) do
    local pointer, relation, before, after, kept = unpack(row)
    local batch, index = row_of(pointer)
    local page, place = key.rows(batch .. ':' .. math.floor(index / ROWS_PER_PAGE)), index % ROWS_PER_PAGE
    local packed = redis.call('LINDEX', page, place)
    if packed then
      if relation ~= '' then
        redis.call('LSET', page, place, relation .. string.sub(packed, string.find(packed, '\n', 1, true), -1))
      end
      if kept ~= '' then redis.call('HSET', key.keptOutcomes(batch), index, kept) end
      if before ~= after then
        count_change(key.counts(batch), before, -1)
        count_change(key.counts(batch), after, 1)
      end
    end
  end
end

-- What a script does for many: `one` is given `width` arguments of ARGV at a time, after the first, which is common to all.
-- One that fails fails alone; but a server that has become a replica takes no write of anybody, and only an error of the
-- whole run makes ioredis look for the new primary and send it again.
local function each(width, one)
  local answers = {}
  for at = 2, #ARGV, width do
    local went_well, answer = pcall(one, unpack(ARGV, at, at + width - 1))
    if not went_well then
      local why = type(answer) == 'table' and answer.err or tostring(answer)
      if string.find(why, '^READONLY') then error({ err = why }) end
      answer = { err = why }
    end
    answers[#answers + 1] = answer
  end
  write_counts()
  return answers
end

local function wake(topic)
  redis.call('PUBLISH', key.wakeups(), topic)
end

-- The arguments from `first` on, as a set.
local function set_of_arguments(first)
  local set = {}
  for i = first, #ARGV do set[ARGV[i]] = true end
  return set
end

-- Of the quota day; day.lua says what they do.
local close_day, probe_answered

-- Whoever parked pushes wait for has come: they go into the stream again, with their old id, to be looked at anew.
local function unpark_for(awaited)
  local ids = redis.call('HGET', key.awaited(), awaited)
  if not ids then return end
  redis.call('HDEL', key.awaited(), awaited)
  for id in string.gmatch(ids, '%S+') do
    local parked = redis.call('HGET', key.parked(), id)
    if parked then
      local push = cjson.decode(parked)
      redis.call('XADD', key.pushes(), '*', 'parkedAs', id, 'at', push.at, 'type', push.type, 'query', push.query, push.as, push.body)
      redis.call('HDEL', key.parked(), id)
    end
  end
end

-- An authorization code waits beside its Mini Program for its exchange, which goes before all other work. Its mark tells it
-- from every other one: a push that comes again brings nothing new. The newest code is the first line of `codes`:
--   mark at dies_at pushed_at from shared sealed
--   at, dies_at (when its life ends), pushed_at (by WeChat's clock): ms   from: 'created' or 'authorized'
--   shared: '1' where another service exchanges codes of this platform, too, otherwise '-'
-- Answers false for one that is known; with `anew` only where that waits already. The last eight marks are remembered, of
-- 16 characters and a space each.
local function offer(appid, code, anew)
  local authorizer = key.authorizer(appid)
  local now = redis.call('HMGET', authorizer, 'marks', 'codes', 'authorizedAt')
  local marks = now[1] or ''
  if string.find(anew and (now[2] or '') or marks, code.mark, 1, true) then return false end
  local line = table.concat({ code.mark, code.at, code.diesAt, code.pushedAt, code.from, code.shared, code.sealed }, ' ')
  local codes = now[2] and line .. '\n' .. now[2] or line
  if not string.find(marks, code.mark, 1, true) then marks = string.sub(marks .. code.mark .. ' ', -136) end
  redis.call('HSET', authorizer, 'marks', marks, 'codes', codes)
  if tonumber(code.pushedAt) > tonumber(now[3] or 0) then
    redis.call('HSET', authorizer, 'authorizedAt', code.pushedAt)
  end
  -- What is known of a stranger is forgotten after some days (settle-codes.lua), but no code that waits.
  redis.call('PERSIST', authorizer)
  return true
end

-- Whether any registration was sent and has not met its end: each of them has a follow-up due.
local function somebody_waits()
  return redis.call('ZCARD', key.scheduled('follow-up')) > 0 or redis.call('LLEN', key.ready('follow-up')) > 0
    or redis.call('ZCARD', key.window('follow-up')) > 0
end

-- Processes count as alive until a time. One that is further ahead than any sets it was set by a clock that went back since.
local LONGEST_LIFE_MS = 180000
local function forget_the_dead(living, now)
  redis.call('ZREMRANGEBYSCORE', living, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', living, '(' .. now + LONGEST_LIFE_MS, '+inf')
end

local function exchange_now(appid)
  redis.call('ZREM', key.scheduled('authorize'), appid)
  redis.call('LREM', key.ready('authorize'), 0, appid)
  redis.call('LPUSH', key.ready('authorize'), appid)
  wake('ready')
end

-- The registration has this Mini Program. What waited to learn whose it is goes on: also a code whose token was kept for
-- nobody, so that somebody records it.
local function owns(id, appid, code)
  redis.call('HSET', key.appids(), appid, id)
  if code then offer(appid, code, true) end
  if redis.call('HEXISTS', key.authorizer(appid), 'codes') == 1 then exchange_now(appid) end
  unpark_for('appid:' .. appid)
end

-- The line's state and its probes, as far as this run has looked.
local line_now

local function is_pause(problem) return string.sub(problem, 1, 9) == 'operator:' end

-- The state that an event leads to (domain/line.ts, LINE_MOVES); nil where it changes nothing.
local function next_line(state, event) return (constant.lineMoves)[event][state] end

-- Whether the probe of a line in this state is on its way.
local function is_probing(state) return (constant.lineProbes)[state] == 'sent' end

local function enter_line_state(state)
  if state == 'running' then
    redis.call('DEL', key.line())
  else
    redis.call('HSET', key.line(), 'state', state)
    if not is_probing(state) then redis.call('HDEL', key.line(), 'probe', 'probeDeadline') end
  end
  line_now = nil
  wake('line')
end

-- The next probe of a line that opens by itself: after a wait that doubles with each probe that failed.
local function probe_due(failed, first, max)
  return milliseconds() + math.floor(math.min(first * 2 ^ math.min(failed, 40), max))
end

-- Why the line is stopped, and what opens it.
local function write_stop(stop)
  local line = key.line()
  redis.call(
    'HDEL', line, 'times', 'merchants', 'since', 'probeCall', 'firstMs', 'maxMs', 'failedProbes', 'dueAt', 'question'
  )
  redis.call('HSET', line, 'because', stop.because, 'problem', stop.problem, 'at', stop.at)
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

-- The first fault stays its reason: what follows it is usually the same trouble. A person's pause stands beside it.
-- `stop`: because, problem, at, and what is known of times, merchants, since (ms) and probe { call, firstMs, maxMs, asksFirst }.
-- Answers false where the line was stopped for a fault already, and this is another, or the same again.
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
  else
    if state == 'paused' and not pauses then redis.call('HSET', line, 'paused', now[3]) end
    if now[2] == stop.problem and stop.since then
      -- A probe met it again.
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

-- The mark of the last fact of a registration's history, '' where it has none, false where Redis has forgotten the registration
-- itself. The length of the history would not do: after a loss of data another fact stands in the same place.
local function version_of(id)
  local is = redis.call('HMGET', key.registration(id), field.version, field.state)
  return is[2] and (is[1] or '')
end

-- Defined below: what a fault of everybody takes back is a fact, too.
local record

-- Merchants in a row that met a fault of WeChat or of the network, and none that was answered otherwise between them; those
-- of create and of search apart. The hash of a kind of call has of each code:
--   `t CODE` how often, `n CODE` for how many merchants, `s CODE` since when (ms), and of each merchant
--   `m CODE ID` the fact that gives its try back, behind the registration's version and a space; empty where none was spent
local function count_repeated_error(id, this, at)
  local streak, code = key.repeatedErrors(this.call), this.code
  if code == '' then return redis.call('DEL', streak) end
  local undo = ''
  if this.undo then undo = version_of(id) .. ' ' .. this.undo end

  local function give_back(whose, kept)
    local version, step = string.match(kept, '^(%S+) (.*)$')
    -- Whatever came of it since: the fact was decided on what it was.
    if version and version_of(whose) == version then record(whose, cjson.decode(step)) end
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

-- Days on which the API answered otherwise, as far as this run has looked.
local online = {}

-- Every create of the day so far, for `most` merchants at least, got the answer of an API that is offline.
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

-- What a state says of a create that others wait for, the line's probe or a first row of a batch (domain/registration.ts). Its
-- answer may be lost, or come as a push: only the state tells in every case.
local VERDICT_OF = constant.verdictOfState

-- What the answer to the probe is to the line (domain/line.ts, LINE_EVENTS); nil where it says nothing. Nobody gives a verdict
-- where its worker died in the call: then only its state tells, or another probe goes after a while (acquire.lua).
local function event_of_probe(step, state)
  local _, _, _, problem, call = unpack(line_now)
  local verdict, met = step.verdict or (call == 'any' and step.searchVerdict), step.repeatedError
  -- Of another fault, what it met is the merchant's own matter.
  if verdict == 'taken' and met and met.code == problem then verdict = 'failed' end
  -- Turned away by WeChat itself, it has found the way there.
  if verdict == 'again' and call == 'any' then verdict = 'taken' end
  if not verdict then verdict = VERDICT_OF[state] == 'refused' and 'failed' or VERDICT_OF[state] == 'accepted' and 'accepted' end
  local event = verdict and (constant.probeEvents)[verdict]
  local is_blocked = event == 'probe_failed' and met and met.probe and met.code ~= problem and (call or met.probe.call == 'any')
  return is_blocked and 'probe_blocked' or event
end

-- What keeps the line from being tried is what it is stopped for. How long it has been so is counted from the first of them.
local function write_blocked(met, at)
  local was = redis.call('HMGET', key.line(), 'probeCall', 'at', 'since', 'failedProbes')
  local stop = { because = met.met, problem = met.code, at = at, times = 0, merchants = 1, since = at, probe = met.probe }
  if was[1] then stop.at, stop.since = was[2], was[3] or at end
  write_stop(stop)
  if was[1] then redis.call('HSET', key.line(), 'failedProbes', was[4]) end
end

-- A line that opens by itself is tried again after a longer wait.
local function write_next_probe()
  local line = key.line()
  local now = redis.call('HMGET', line, 'firstMs', 'maxMs')
  local failed = redis.call('HINCRBY', line, 'failedProbes', 1)
  redis.call('HSET', line, 'dueAt', probe_due(failed, tonumber(now[1]), tonumber(now[2])))
  if redis.call('HEXISTS', line, 'question') == 1 then redis.call('HSET', line, 'question', 'wanted') end
end

-- A fact of the line's probe, or of the one before it whose answer is not known, moves the line (domain/line.ts, LINE_MOVES).
local function line_after_probe(id, step, state)
  line_now = line_now or redis.call('HMGET', key.line(), 'state', 'probe', 'earlierProbe', 'problem', 'probeCall')
  local is_probe = line_now[2] == id
  if not is_probe and line_now[3] ~= id then return end
  local event
  if is_probe then
    event = event_of_probe(step, state)
  elseif VERDICT_OF[state] == 'accepted' then
    event = 'earlier_probe_accepted'
  end
  local to = event and next_line(line_now[1], event)
  if not to then return end
  if event == 'probe_blocked' then write_blocked(step.repeatedError, step.at) end
  if event == 'probe_void' and to == 'retrying' then
    redis.call('HSET', key.line(), 'dueAt', milliseconds())
  elseif to == 'retrying' then
    write_next_probe()
  elseif to == 'stopped' and state ~= 'queued' and state ~= 'deferred' then
    -- WeChat may have accepted it after all. A line that opens by itself is tried by a call that is answered.
    redis.call('HSET', key.line(), 'earlierProbe', id)
  end
  enter_line_state(to)
end

-- `keeping` names the batches that keep any, so that whoever counts what is kept need not ask every batch there is.
local function hold_back(batch, place, id)
  redis.call('ZADD', key.held(batch), place, id)
  redis.call('SADD', key.heldBatches(), batch)
end

local function after_one_less(batch)
  if redis.call('EXISTS', key.held(batch)) == 0 then redis.call('SREM', key.heldBatches(), batch) end
end

-- Whether it was kept.
local function no_longer_held(batch, id)
  if redis.call('ZREM', key.held(batch), id) == 0 then return false end
  after_one_less(batch)
  return true
end

local function release_held(batch, count)
  for _ = 1, count do
    local id = redis.call('ZPOPMIN', key.held(batch))[1]
    if not id then return end
    redis.call('RPUSH', key.ready('submit'), id)
  end
  after_one_less(batch)
  wake('ready')
end

local canaries_of = {}

-- A batch with canaries sends so many rows first. The rest follows when so many were accepted; any other is replaced, so
-- that as many as are wanted are always accepted or under way, and as many refusals as there were to be canaries stop the line.
local function batch_after_canary(id, pointer, state, at)
  local verdict = VERDICT_OF[state]
  if not verdict then return end
  local batch = row_of(pointer)
  local canaries = canaries_of[batch] or tonumber(redis.call('HGET', key.batch(batch), 'canaries') or 0)
  canaries_of[batch] = canaries
  if canaries == 0 then return end
  -- Kept, it was never one of them.
  if no_longer_held(batch, id) then return end
  -- Only what it became first counts: an accepted one may be rejected a day later.
  if redis.call('HGET', key.registration(id), field.canaryOf) == batch then return end
  if verdict == 'withdrawn' then return release_held(batch, 1) end
  redis.call('HSET', key.registration(id), field.canaryOf, batch)
  local times = redis.call('HINCRBY', key.batch(batch), 'canaries/' .. verdict, 1)
  if verdict == 'refused' then
    release_held(batch, 1)
    if times < canaries then return end
    redis.call('HSET', key.batch(batch), 'canaries/refused', 0)
    stop_line({ because = canaries .. ' of the first rows were refused', problem = 'batch:canaries', at = at })
  elseif times >= canaries then
    redis.call('HDEL', key.batch(batch), 'canaries')
    canaries_of[batch] = 0
    release_held(batch, redis.call('ZCARD', key.held(batch)))
  end
end

-- A row that a newer one replaces was a canary of its batch, or was kept behind them: the next one of that batch goes instead.
local function canary_replaced(id, pointer)
  local batch = row_of(pointer)
  if no_longer_held(batch, id) then return end
  if tonumber(redis.call('HGET', key.batch(batch), 'canaries') or 0) > 0 then release_held(batch, 1) end
end

-- Tries of a Weixin ID that is used up: more than calls under way can give back.
local SPENT = '1000000'

-- One decided fact: the registration as it will be, its history, the counts of its batches, and what has to happen now.
-- `step` is what domain/registration decided; what is empty or false is left out:
--   at           when, in ms
--   set, del     fields of the registration's hash to write and to remove; the mark of the fact is always among them
--   state, wait  as it will be (absent for no wait); unchanged: true where the fact only goes into the history
--   entry        the history entry, JSON      turn  a second one: a row that waited took its turn
--   passed       the state to which the fact itself led, before that turn
--   rows         what changes for rows that stop showing the registration, or begin to (change_rows)
--   replaced     true: other details are sent instead of those of its row
--   scheduled    { kind, due in ms }: work that is due then    ready: kind of work to be taken up at once
--   over         true: nothing is waited for any more    unasked  true: WeChat need not be asked about it
--   stop         { because, problem, at }: stops the line
--   closeDay     quota day that WeChat calls used up        pauseMs  how long WeChat wants to be left alone
--   closing      { said, recheck }: its words, and when it is asked again (day.lua)
--   probe        { day, verdict, said }: what the answer to a probe says of a closed day (day.lua)
--   charge       quota day of a create that Redis had forgotten
--   giveBack     { day, person, call }: the Weixin ID's try was none; call: neither was the call
--   spent        { day, person }: WeChat says that the Weixin ID's tries are used up
--   task         the successor's id of the task that the answer told
--   owns         { appid, code }: the Mini Program that it has, and the code that was pushed with it (see `offer`)
--   link         when the legal person's link ends, in ms    unlink  true: nobody has to open it any more
--   repeatedError { call, code, most, countsCalls, met, probe, undo }: a fault of WeChat or of the network that this `call`
--                (create or search) met; `most` merchants in a row, or calls, stop the line. met: what came, in words
--                without a merchant's data; undo: the step (JSON) that gives the try back, if it stops it; code '': none
--   verdict      what the answer to a create says of those behind it: accepted, refused, taken, again or failed
--   searchVerdict  what the answer to a search says of the way to WeChat: taken, again or failed
--   offline      { day, met, most, because, problem }: whether a create got the answer of an API that is offline
function record(id, step)
  local registration = key.registration(id)
  facts = facts + 1
  redis.call('RPUSH', key.history(id), step.entry)
  if step.turn then redis.call('RPUSH', key.history(id), step.turn) end
  local before = redis.call('HMGET', registration, field.state, field.wait, field.row, field.joinedRows)
  redis.call('HSET', registration, unpack(step.set))
  if not step.unchanged then
    if step.del then redis.call('HDEL', registration, unpack(step.del)) end
    count_state(before[1], step.state)
    if step.rows then
      change_rows(step.rows)
    else
      recount(before[3], before[4], counted_as(before[1], before[2]), counted_as(step.state, step.wait))
    end
  end
  if step.replaced then canary_replaced(id, before[3]) end
  if step.over then
    redis.call('ZREM', key.scheduled('submit'), id)
  end
  if step.over or step.unasked then redis.call('ZREM', key.scheduled('follow-up'), id) end
  local soon = false
  if step.scheduled then
    soon = step.scheduled.due - step.at < RELAY_LOOKS_EVERY_MS
    redis.call('ZADD', key.scheduled(step.scheduled.kind), step.scheduled.due, id)
  end
  if step.ready then
    redis.call('ZREM', key.scheduled(step.ready), id)
    redis.call('LPUSH', key.ready(step.ready), id)
  end
  if step.link then
    redis.call('ZADD', key.links(), step.link, id)
    redis.call('ZADD', key.unreminded(), step.link, id)
    redis.call('ZADD', key.linksToAnnounce(), step.link, id)
  elseif step.unlink then
    redis.call('ZREM', key.links(), id)
    redis.call('ZREM', key.unreminded(), id)
    redis.call('ZREM', key.linksToAnnounce(), id)
  end
  if step.stop then
    local stop = step.stop
    stop.times, stop.merchants, stop.since = 1, 1, stop.at
    stop_line(stop)
  end
  local state = not step.unchanged and (step.passed or step.state)
  line_after_probe(id, step, state)
  batch_after_canary(id, before[3], state, step.at)
  if step.offline then offline(id, step.offline, step.at) end
  if step.repeatedError then count_repeated_error(id, step.repeatedError, step.at) end
  if step.task then
    redis.call('HSET', key.tasks(), step.task, id)
    unpark_for('task:' .. step.task)
  end
  if step.owns then owns(id, step.owns.appid, step.owns.code) end
  if step.closeDay then close_day(key.calls(step.closeDay), id, step.closing or { said = '' }, milliseconds()) end
  if step.probe then probe_answered(key.calls(step.probe.day), id, step.probe, milliseconds()) end
  if step.pauseMs then
    -- A line that is stopped for it has a wait of its own, which a person may cut short.
    local is_held = step.repeatedError and redis.call('HGET', key.line(), 'problem') == step.repeatedError.code
    if not is_held then redis.call('SET', key.pause(), step.pauseMs, 'PX', step.pauseMs) end
  end
  if step.spent and step.spent.person ~= '' then
    redis.call('HSET', key.tries(step.spent.day), step.spent.person, SPENT)
  end
  if step.charge and not step.unchanged then redis.call('HINCRBY', key.calls(step.charge), 'create', 1) end
  if step.giveBack then
    if step.giveBack.person ~= '' then
      redis.call('HINCRBY', key.tries(step.giveBack.day), step.giveBack.person, -1)
    end
    if step.giveBack.call then redis.call('HINCRBY', key.calls(step.giveBack.day), 'create', -1) end
  end
  if step.ready or soon then wake('ready') end
end
