-- What every script shares. The names of keys are written out by keys.ts before a script is loaded.
local function joined(name, part) return name .. part end

local ROWS_PER_PAGE = 512

-- In place of the row of a registration of which only its outcome is kept (purge.lua); it is a row of no batch.
local PURGED_ROW = 'purged/0'

-- The relay looks by itself as often as this: what is due later needs no ring.
local RELAY_LOOKS_EVERY_MS = 15000

local function milliseconds()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
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

-- By how much the counts of batches change in this run.
local changes = {}

local function write_counts()
  for counts, change in pairs(changes) do
    for state, by in pairs(change) do
      if by ~= 0 then redis.call('HINCRBY', counts, state, by) end
    end
  end
  changes = {}
end

local function count_change(batch, name, by)
  local counts = key.counts(batch)
  local change = changes[counts] or {}
  changes[counts] = change
  change[name] = (change[name] or 0) + by
end

-- Every batch that has a row for this registration counts it.
local function recount(row, also, before, after)
  if before == after then return end
  local pointers = row .. ' ' .. (also or '')
  for pointer in string.gmatch(pointers, '%S+') do
    if pointer ~= PURGED_ROW then
      local batch = row_of(pointer)
      count_change(batch, before, -1)
      count_change(batch, after, 1)
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
      if kept ~= '' then redis.call('HSET', key.settled(batch), index, kept) end
      if before ~= after then
        count_change(batch, before, -1)
        count_change(batch, after, 1)
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

local function ring(what)
  redis.call('PUBLISH', key.bell(), what)
end

-- Whoever parked pushes wait for has come: they go into the stream again, with their old id, to be looked at anew.
local function unpark_for(awaited)
  local ids = redis.call('HGET', key.awaited(), awaited)
  if not ids then return end
  redis.call('HDEL', key.awaited(), awaited)
  for id in string.gmatch(ids, '%S+') do
    local parked = redis.call('HGET', key.parked(), id)
    if parked then
      local push = cjson.decode(parked)
      redis.call('XADD', key.pushes(), '*', 'was', id, 'at', push.at, 'type', push.type, 'query', push.query, push.as, push.body)
      redis.call('HDEL', key.parked(), id)
    end
  end
end

-- What the line's canaries are, as far as this run has looked.
local canary_of_line

local function is_pause(problem) return string.sub(problem, 1, 9) == 'operator:' end

-- The first fault stays: what follows it is usually the same trouble. A line that was resumed has none any more, so that
-- a fault on its trial is a new one. A person's pause and a fault stand side by side, whichever came first.
-- Answers false where it was stopped for a fault already, and this is another.
local function stop_line(stop)
  local line = key.line()
  local now = redis.call('HMGET', line, 'problem', 'stopped', 'canary')
  local paused = now[1] and is_pause(now[1])
  local at_fault = now[1] and not paused
  if at_fault and is_pause(stop.problem) then
    redis.call('HSET', line, 'paused', stop.because)
  elseif at_fault and not now[3] then
    return false
  else
    if paused and not is_pause(stop.problem) then redis.call('HSET', line, 'paused', now[2]) end
    redis.call('HSET', line, 'stopped', stop.because, 'problem', stop.problem, 'at', stop.at)
  end
  redis.call('HDEL', line, 'canary', 'failed')
  canary_of_line = nil
  ring('line')
  return true
end

local function surprise(this, at)
  local last = redis.call('HGET', key.surprise(), 'code')
  if last ~= this.code then
    if last then redis.call('DEL', key.surprise()) end
    if this.code == '' then return end
    redis.call('HSET', key.surprise(), 'code', this.code)
  end
  if redis.call('HINCRBY', key.surprise(), 'times', 1) >= this.most then
    redis.call('DEL', key.surprise())
    stop_line({ because = 'the same surprise ' .. this.most .. ' times in a row', problem = this.code, at = at })
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
  redis.call('EXPIRE', met, 259200)
  if this.met and redis.call('SCARD', met) >= this.most then
    stop_line({ because = this.because, problem = this.problem, at = at })
  end
end

-- What a state says of a canary. The create's answer may be lost, or come as a push: only the state tells in every case.
local CANARY_IS = {
  awaiting_legal_person = 'accepted', created = 'accepted', expired = 'accepted',
  rejected = 'refused', needs_review = 'refused', invalid = 'refused', cancelled = 'withdrawn',
}

-- The canary of a resumed line opens it when WeChat has taken it; turned away at the door it flies again. One that failed
-- closes it, until a push or a search says that WeChat had taken it after all; one that is to be sent again was not taken.
-- Nobody gives a verdict where its worker died in the call: then only its state tells.
local function line_after_canary(id, verdict, state)
  canary_of_line = canary_of_line or redis.call('HMGET', key.line(), 'canary', 'failed')
  local flies = canary_of_line[1] == id
  if not flies and canary_of_line[2] ~= id then return end
  if flies and verdict == 'again' then
    redis.call('HSET', key.line(), 'canary', 'wanted')
  elseif flies and (verdict == 'failed' or not verdict and CANARY_IS[state] == 'refused') then
    redis.call('HDEL', key.line(), 'canary')
    if state ~= 'queued' and state ~= 'deferred' then redis.call('HSET', key.line(), 'failed', id) end
  elseif flies and verdict or CANARY_IS[state] == 'accepted' then
    redis.call('DEL', key.line())
  else
    return
  end
  canary_of_line = nil
  ring('line')
end

-- `keeping` names the batches that keep any, so that whoever counts what is kept need not ask every batch there is.
local function keep(batch, place, id)
  redis.call('ZADD', key.kept(batch), place, id)
  redis.call('SADD', key.keeping(), batch)
end

local function after_one_less(batch)
  if redis.call('EXISTS', key.kept(batch)) == 0 then redis.call('SREM', key.keeping(), batch) end
end

-- Whether it was kept.
local function keep_no_longer(batch, id)
  if redis.call('ZREM', key.kept(batch), id) == 0 then return false end
  after_one_less(batch)
  return true
end

local function let_go(batch, count)
  for _ = 1, count do
    local id = redis.call('ZPOPMIN', key.kept(batch))[1]
    if not id then return end
    redis.call('RPUSH', key.ready('submit'), id)
  end
  after_one_less(batch)
  ring('ready')
end

local canaries_of = {}

-- A batch with canaries sends so many rows first. The rest follows when so many were accepted; any other is replaced, so
-- that as many as are wanted are always accepted or under way, and as many refusals as there were to be canaries stop the line.
local function batch_after_canary(id, pointer, state, at)
  local verdict = CANARY_IS[state]
  if not verdict then return end
  local batch = row_of(pointer)
  local canaries = canaries_of[batch] or tonumber(redis.call('HGET', key.batch(batch), 'canaries') or 0)
  canaries_of[batch] = canaries
  if canaries == 0 then return end
  -- Kept, it was never one of them.
  if keep_no_longer(batch, id) then return end
  -- Only what it became first counts: an accepted one may be rejected a day later.
  if redis.call('HGET', key.registration(id), 'canary') == batch then return end
  if verdict == 'withdrawn' then return let_go(batch, 1) end
  redis.call('HSET', key.registration(id), 'canary', batch)
  local times = redis.call('HINCRBY', key.batch(batch), 'canaries/' .. verdict, 1)
  if verdict == 'refused' then
    let_go(batch, 1)
    if times < canaries then return end
    redis.call('HSET', key.batch(batch), 'canaries/refused', 0)
    stop_line({ because = canaries .. ' of the first rows were refused', problem = 'batch:canaries', at = at })
  elseif times >= canaries then
    redis.call('HDEL', key.batch(batch), 'canaries')
    canaries_of[batch] = 0
    let_go(batch, redis.call('ZCARD', key.kept(batch)))
  end
end

-- A row that a newer one replaces was a canary of its batch, or was kept behind them: the next one of that batch goes instead.
local function canary_replaced(id, pointer)
  local batch = row_of(pointer)
  if keep_no_longer(batch, id) then return end
  if tonumber(redis.call('HGET', key.batch(batch), 'canaries') or 0) > 0 then let_go(batch, 1) end
end

-- Tries of a Weixin ID that is used up: more than calls under way can give back.
local SPENT = '1000000'

-- One decided fact: the registration as it will be, its history, the counts of its batches, and what has to happen now.
-- `step` is what domain/registration decided; what is empty or false is left out:
--   at           when, in ms
--   set, del     fields of the registration's hash to write and to remove
--   state, wait  as it will be (absent for no wait); unchanged: true where the fact only goes into the history
--   entry        the history entry, JSON      turn  a second one: a row that waited took its turn
--   passed       the state to which the fact itself led, before that turn
--   rows         what changes for rows that stop showing the registration, or begin to (change_rows)
--   replaced     true: other details are sent instead of those of its row
--   later        { kind, due in ms }: work that is due then    ready: kind of work to be taken up at once
--   over         true: nothing is waited for any more
--   stop         { because, problem, at }: stops the line
--   closeDay     quota day that WeChat calls used up        pauseMs  how long WeChat wants to be left alone
--   giveBack     { day, person, call }: the Weixin ID's try was none; call: neither was the call
--   spent        { day, person }: WeChat says that the Weixin ID's tries are used up
--   task         the successor's id of the task that the answer told
--   link         when the legal person's link ends, in ms    unlink  true: nobody has to open it any more
--   surprise     { code, most }: an answer that stops the line when it comes `most` times in a row; code '': no surprise
--   verdict      what the answer to a create says of those behind it: accepted, refused, taken, again or failed
--   offline      { day, met, most, because, problem }: whether a create got the answer of an API that is offline
local function record(id, step)
  local registration = key.registration(id)
  redis.call('RPUSH', key.history(id), step.entry)
  if step.turn then redis.call('RPUSH', key.history(id), step.turn) end
  local before = redis.call('HMGET', registration, 's', 'wait', 'row', 'also')
  if not step.unchanged then
    if step.set then redis.call('HSET', registration, unpack(step.set)) end
    if step.del then redis.call('HDEL', registration, unpack(step.del)) end
    if step.rows then
      change_rows(step.rows)
    else
      recount(before[3], before[4], counted_as(before[1], before[2]), counted_as(step.state, step.wait))
    end
  end
  if step.replaced then canary_replaced(id, before[3]) end
  if step.over then
    redis.call('ZREM', key.later('submit'), id)
    redis.call('ZREM', key.later('follow-up'), id)
  end
  local soon = false
  if step.later then
    soon = step.later.due - step.at < RELAY_LOOKS_EVERY_MS
    redis.call('ZADD', key.later(step.later.kind), step.later.due, id)
  end
  if step.ready then
    redis.call('ZREM', key.later(step.ready), id)
    redis.call('LPUSH', key.ready(step.ready), id)
  end
  if step.link then
    redis.call('ZADD', key.links(), step.link, id)
    redis.call('ZADD', key.unreminded(), step.link, id)
    redis.call('ZADD', key.untold(), step.link, id)
  elseif step.unlink then
    redis.call('ZREM', key.links(), id)
    redis.call('ZREM', key.unreminded(), id)
    redis.call('ZREM', key.untold(), id)
  end
  if step.stop then stop_line(step.stop) end
  local state = not step.unchanged and (step.passed or step.state)
  line_after_canary(id, step.verdict, state)
  batch_after_canary(id, before[3], state, step.at)
  if step.offline then offline(id, step.offline, step.at) end
  if step.surprise then surprise(step.surprise, step.at) end
  if step.task then
    redis.call('HSET', key.tasks(), step.task, id)
    unpark_for('task:' .. step.task)
  end
  if step.closeDay then
    redis.call('HSET', key.calls(step.closeDay), 'closed', '1')
  end
  if step.pauseMs then
    redis.call('SET', key.pause(), '1', 'PX', step.pauseMs)
  end
  if step.spent and step.spent.person ~= '' then
    redis.call('HSET', key.tries(step.spent.day), step.spent.person, SPENT)
  end
  if step.giveBack then
    if step.giveBack.person ~= '' then
      redis.call('HINCRBY', key.tries(step.giveBack.day), step.giveBack.person, -1)
    end
    if step.giveBack.call then redis.call('HINCRBY', key.calls(step.giveBack.day), 'create', -1) end
  end
  if step.ready or soon then ring('ready') end
end
