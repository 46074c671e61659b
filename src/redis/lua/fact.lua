-- Records a fact, loaded with every script after all that a fact can change.

-- Tries of a Weixin ID that has none left.
local SPENT = constant.triesSpent

-- A history entry with the write id.
local function signed(entry, write_id) return string.sub(entry, 1, -2) .. ',"writeId":"' .. write_id .. '"}' end

-- Redis may have lost what was counted.
local function one_less(counts, name)
  if (tonumber(redis.call('HGET', counts, name)) or 0) > 0 then redis.call('HINCRBY', counts, name, -1) end
end

-- Records one decided fact: writes the registration, its history and the counts of its batches, and starts what follows.
-- `write_set` (write-set.ts) is what domain/registration decided; empty and false values are left out:
--   at           when, in ms
--   set, del     fields of the registration's hash to write and to remove
--   state, wait  the new state and wait (absent for no wait); unchanged: true if the fact only enters the history
--   entry        the history entry, JSON      turn  a second entry: a row that waited took its turn
--   writeId      the write id, if it is not an argument: the registration's version from here on
--   passed       the state to which the fact itself led, before that turn
--   rows         changes of rows that begin or stop to show the registration (change_rows)
--   replaced     true: the details of another row are sent
--   scheduled    { kind, due in ms }: work that is due then    ready: kind of work to do at once
--   over         true: no work is scheduled any more    unasked  true: WeChat need not be asked about it
--   stop         { because, problem, at }: stops the line
--   closeDay     quota day that WeChat reports as used up    pauseMs  how long a pause WeChat asks for
--   closing      { said, recheck }: WeChat's words, and the times of the next checks (day.lua)
--   probe        { day, verdict, said }: what the answer to a probe says of a closed day (day.lua)
--   charge       quota day of a create that Redis had lost
--   giveBack     { day, person, call }: the Weixin ID's try was not spent; call: create or search if the call was not, either
--   spent        { day, person }: WeChat says that the Weixin ID's tries are used up
--   task         the id that the answer of the successor API gave the task
--   owns         { appid, code }: the Mini Program of the registration, and the code that was pushed with it (see `offer`)
--   link         when the legal person's link expires, in ms    unlink  true: the link need not be opened any more
--   repeatedError { call, code, most, countsCalls, met, probe, undo }: a fault of WeChat or of the network that this `call`
--                (create or search) met; `most` merchants, or calls, in a row stop the line. met: the fault in words without
--                a merchant's data; undo: the write set (JSON) that returns the try if the line stops; code '': no fault
--   verdict      what the answer to a create means for other creates: accepted, refused, taken, again, unsent or failed
--   rowVerdict   withdrawn: as what the first rows of a batch count it; none: for these and the line's probe nothing has happened
--   searchVerdict  what the answer to a search says of the way to WeChat: taken, again, unsent or failed
--   offline      { day, met, most, because, problem }: whether a create got the answer of an API that is offline
-- The write set may serve other registrations, too, and is not changed.
function record(id, write_set, write_id)
  local registration = key.registration(id)
  facts = facts + 1
  write_id = write_id or write_set.writeId
  local now, set = look_at(id), write_set.set
  local before = { now[2] or NEW_STATE, unpack(now, 3, 5) }
  -- First a command that a full Redis refuses: after the first write, it refuses none of this run.
  redis.call('RPUSH', key.history(id), signed(write_set.entry, write_id))
  if now.is_new then
    redis.call('DEL', registration)
    row_numbers[id] = nil
    set = { field.row, now[4], unpack(set) }
  end
  looked_at = nil
  if write_set.turn then redis.call('RPUSH', key.history(id), signed(write_set.turn, write_id)) end
  redis.call('HSET', registration, field.version, write_id, unpack(set))
  change_pages(before[3], before[4])
  if not write_set.unchanged then
    if write_set.del then redis.call('HDEL', registration, unpack(write_set.del)) end
    count_state(before[1], write_set.state)
    if write_set.rows then
      change_rows(write_set.rows)
    else
      recount(before[3], before[4], counted_as(before[1], before[2]), counted_as(write_set.state, write_set.wait))
    end
  end
  if write_set.replaced then canary_replaced(id, before[3]) end
  if write_set.over then
    redis.call('ZREM', key.scheduled('submit'), id)
  end
  if write_set.over or write_set.unasked then redis.call('ZREM', key.scheduled('follow-up'), id) end
  local soon = false
  if write_set.scheduled then
    soon = write_set.scheduled.due - write_set.at < RELAY_LOOKS_EVERY_MS
    redis.call('ZADD', key.scheduled(write_set.scheduled.kind), write_set.scheduled.due, id)
  end
  if write_set.ready then
    redis.call('ZREM', key.scheduled(write_set.ready), id)
    redis.call('LPUSH', key.ready(write_set.ready), id)
  end
  if write_set.link then
    redis.call('ZADD', key.links(), write_set.link, id)
    redis.call('ZADD', key.unreminded(), write_set.link, id)
    redis.call('ZADD', key.linksToAnnounce(), write_set.link, id)
  elseif write_set.unlink then
    redis.call('ZREM', key.links(), id)
    redis.call('ZREM', key.unreminded(), id)
    redis.call('ZREM', key.linksToAnnounce(), id)
  end
  if write_set.stop then
    local stop = write_set.stop
    stop_line({
      because = stop.because, problem = stop.problem, at = stop.at, times = 1, merchants = 1, since = stop.at,
    })
  end
  local state = not write_set.unchanged and (write_set.passed or write_set.state)
  if write_set.rowVerdict ~= 'none' then
    line_after_probe(id, write_set, state)
    batch_after_canary(id, before[3], state, write_set.at, write_set.rowVerdict)
  end
  if write_set.offline then offline(id, write_set.offline, write_set.at) end
  if write_set.repeatedError then count_repeated_error(id, write_set.repeatedError, write_set.at) end
  if write_set.task then
    redis.call('HSET', key.tasks(), write_set.task, id)
    unpark_for('task:' .. write_set.task)
  end
  if write_set.owns then owns(id, write_set.owns.appid, write_set.owns.code) end
  if write_set.closeDay then close_day(key.calls(write_set.closeDay), id, write_set.closing or { said = '' }, milliseconds()) end
  if write_set.probe then probe_answered(key.calls(write_set.probe.day), id, write_set.probe, milliseconds()) end
  if write_set.pauseMs then
    -- If the line is stopped for this code, the line has its own wait, which a person can end early.
    local is_held = write_set.repeatedError and redis.call('HGET', key.line(), 'problem') == write_set.repeatedError.code
    if not is_held then redis.call('SET', key.pause(), write_set.pauseMs, 'PX', write_set.pauseMs) end
  end
  if write_set.spent and write_set.spent.person ~= '' then
    redis.call('HSET', key.tries(write_set.spent.day), write_set.spent.person, SPENT)
  end
  if write_set.charge and not write_set.unchanged then redis.call('HINCRBY', key.calls(write_set.charge), 'create', 1) end
  if write_set.giveBack then
    local back = write_set.giveBack
    if back.person ~= '' then one_less(key.tries(back.day), back.person) end
    if back.call then
      one_less(key.calls(back.day), back.call)
      -- Calls may wait for the next check of a day that was used up.
      if redis.call('HEXISTS', key.calls(back.day), 'checkAt') == 1 then wake('quota') end
    end
  end
  if write_set.ready or soon then wake('ready') end
end
