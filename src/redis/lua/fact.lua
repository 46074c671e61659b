-- Records a fact, loaded with every script after all that a fact can change.

-- Tries of a Weixin ID that has none left.
local SPENT = constant.triesSpent

-- A history entry with the write id.
local function signed(entry, write_id) return string.sub(entry, 1, -2) .. ',"writeId":"' .. write_id .. '"}' end

-- Records one decided fact: writes the registration, its history and the counts of its batches, and starts what follows.
-- `step` is the decision of domain/registration; empty and false values are left out:
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
--   giveBack     { day, person, call }: the Weixin ID's try was not spent; call: true if the call was not, either
--   spent        { day, person }: WeChat says that the Weixin ID's tries are used up
--   task         the id that the answer of the successor API gave the task
--   owns         { appid, code }: the Mini Program of the registration, and the code that was pushed with it (see `offer`)
--   link         when the legal person's link expires, in ms    unlink  true: the link need not be opened any more
--   repeatedError { call, code, most, countsCalls, met, probe, undo }: a fault of WeChat or of the network that this `call`
--                (create or search) met; `most` merchants, or calls, in a row stop the line. met: the fault in words without
--                a merchant's data; undo: the step (JSON) that returns the try if the line stops; code '': no fault
--   verdict      what the answer to a create means for other creates: accepted, refused, taken, again or failed
--   rowVerdict   withdrawn: as what the first rows of a batch count it; none: for these and the line's probe nothing has happened
--   searchVerdict  what the answer to a search says of the way to WeChat: taken, again or failed
--   offline      { day, met, most, because, problem }: whether a create got the answer of an API that is offline
-- The step may serve other registrations, too, and is not changed.
function record(id, step, write_id)
  local registration = key.registration(id)
  facts = facts + 1
  write_id = write_id or step.writeId
  local now, set = look_at(id), step.set
  local before = { now[2] or NEW_STATE, unpack(now, 3, 5) }
  if now.is_new then
    redis.call('DEL', registration)
    set = { field.row, now[4], unpack(set) }
  end
  looked_at = nil
  redis.call('RPUSH', key.history(id), signed(step.entry, write_id))
  if step.turn then redis.call('RPUSH', key.history(id), signed(step.turn, write_id)) end
  redis.call('HSET', registration, field.version, write_id, unpack(set))
  change_pages(before[3], before[4])
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
    stop_line({
      because = stop.because, problem = stop.problem, at = stop.at, times = 1, merchants = 1, since = stop.at,
    })
  end
  local state = not step.unchanged and (step.passed or step.state)
  if step.rowVerdict ~= 'none' then
    line_after_probe(id, step, state)
    batch_after_canary(id, before[3], state, step.at, step.rowVerdict)
  end
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
    -- If the line is stopped for this code, the line has its own wait, which a person can end early.
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
