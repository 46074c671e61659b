-- Functions that every script shares. Before a script is loaded, names of keys, `key.…`, values of the tables of src/domain,
-- `constant.…`, and fields of a registration, `field.…`, are replaced by their values (keys.ts, lua-constants.ts).
local function joined(name, part) return name .. part end

local ROWS_PER_PAGE = constant.rowsPerPage

-- Stands for the row of a registration of which only the outcome is kept (purge.lua); it belongs to no batch.
local PURGED_ROW = constant.purgedRow

-- How often the relay looks by itself: work that is due later needs no wakeup.
local RELAY_LOOKS_EVERY_MS = constant.relayLooksEveryMs

local function milliseconds()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- Changes with each start of Redis, and with the server after a failover.
local function run_of_redis()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
end

-- After a restart, Redis may lack calls until each process has recorded the facts of its journal again (loss.ts).
-- For how long creates have waited for processes that have not yet reported, in ms; -1: they do not wait.
local function settling_for(now, most_ms)
  local times = redis.call('HMGET', key.epoch(), 'settling', 'notBefore')
  local since = tonumber(times[1] or nil)
  if not since then return -1 end
  local is_over = redis.call('EXISTS', key.unreported()) == 0 and now >= tonumber(times[2] or 0)
  -- Redis' clock may have been set back meanwhile.
  if not is_over and now >= since and now - since < most_ms then return now - since end
  redis.call('HDEL', key.epoch(), 'settling', 'notBefore')
  return -1
end

-- A whole number as text. Redis takes a microsecond longer to print one that a script passes on, and Lua to print it with '%.0f'.
local function whole(number) return string.format('%d', number) end

-- "batch/index" -> batch, index, page ("batch:page") and place in the page. Kept, because a fact needs those of one row several times.
local parts_of = {}
local function parts(pointer)
  local known = parts_of[pointer]
  if not known then
    local batch, index = string.match(pointer, '^(.*)/(%d+)$')
    index = tonumber(index)
    known = { batch, index, batch .. ':' .. whole(math.floor(index / ROWS_PER_PAGE)), index % ROWS_PER_PAGE }
    parts_of[pointer] = known
  end
  return known
end

local function row_of(pointer) return unpack(parts(pointer), 1, 2) end

local function page_of(pointer) return unpack(parts(pointer), 3, 4) end

local function row_at(pointer)
  local page, place = page_of(pointer)
  return redis.call('LINDEX', key.rows(page), whole(place))
end

local function counted_as(state, wait)
  if wait and wait ~= '' then return state .. '/' .. wait end
  return state
end

-- Changes of the counts of batches and of all registrations in this run, how many facts it records, and the pages of rows
-- ("batch:page") that show something else after it (changes.ts).
local changes, facts, changed_pages = {}, 0, {}

-- `row` and `joined_rows` are the rows of a registration.
local function change_pages(row, joined_rows)
  if row ~= PURGED_ROW then changed_pages[page_of(row)] = true end
  for pointer in string.gmatch(joined_rows or '', '%S+') do changed_pages[page_of(pointer)] = true end
end

local function write_counts()
  for counts, change in pairs(changes) do
    for state, by in pairs(change) do
      if by ~= 0 then redis.call('HINCRBY', counts, state, whole(by)) end
    end
  end
  changes = {}
  if facts > 0 then redis.call('HINCRBY', key.epoch(), 'facts', whole(facts)) end
  facts = 0
  if next(changed_pages) then
    local change = redis.call('HINCRBY', key.epoch(), 'changes', 1)
    for page in pairs(changed_pages) do redis.call('ZADD', key.changedPages(), whole(change), page) end
    changed_pages = {}
  end
end

local function count_change(counts, name, by)
  local change = changes[counts] or {}
  changes[counts] = change
  change[name] = (change[name] or 0) + by
end

-- Counts registrations by state: `before` is nil for a new registration, `after` for a deleted one.
local function count_state(before, after)
  if before == after then return end
  if before then count_change(key.states(), before, -1) end
  if after then count_change(key.states(), after, 1) end
end

-- Changes the counts of every batch that has a row for this registration.
local function recount(row, joined_rows, before, after)
  if before == after then return end
  local pointers = row .. ' ' .. (joined_rows or '')
  for pointer in string.gmatch(pointers, '%S+') do
    if pointer ~= PURGED_ROW then
      local counts = key.counts(row_of(pointer))
      count_change(counts, before, -1)
      count_change(counts, after, 1)
    end
  end
end

-- Changes rows that begin or stop to show the registration. Each is { pointer, relation, counted before, counted after, kept
-- outcome } (row-changes.ts). Rows of a purged batch are gone, and skipped.
local function change_rows(rows)
  for _, row in ipairs(rows) do
    local pointer, relation, before, after, kept = unpack(row)
    local batch, index = row_of(pointer)
    local page, place = page_of(pointer)
    local packed = redis.call('LINDEX', key.rows(page), place)
    if packed then
      changed_pages[page] = true
      if relation ~= '' then
        redis.call('LSET', key.rows(page), place, relation .. string.sub(packed, string.find(packed, '\n', 1, true), -1))
      end
      if kept ~= '' then redis.call('HSET', key.keptOutcomes(batch), index, kept) end
      if before ~= after then
        count_change(key.counts(batch), before, -1)
        count_change(key.counts(batch), after, 1)
      end
    end
  end
end

-- Of the arguments from ARGV `first` on, each `width`th.
local function every(width, first)
  local found = {}
  for at = first, #ARGV, width do found[#found + 1] = ARGV[at] end
  return found
end

-- Of the registrations of all callers of a run, those without a fact (row_if_new), read by one command: the row's number, false for any
-- other one. A fact that is recorded removes it from here.
local row_numbers = {}
local function read_row_numbers(ids)
  local names = {}
  for i, id in ipairs(ids) do names[i] = key.registration(id) end
  for i, text in ipairs(redis.call('MGET', unpack(names))) do row_numbers[ids[i]] = text end
end

-- Runs a script's function for many callers: calls `one` with `width` arguments of ARGV at a time, after ARGV 1, which all share; the first
-- is the id of a registration. Where argument number `long` is '', it is that of the caller before. An error of one call is that call's
-- answer. Only READONLY ends the whole run: the server has become a replica and refuses every write, and ioredis looks for the new
-- primary only if the run itself fails.
local function each(width, one, long)
  local answers, text = {}, nil
  read_row_numbers(every(width, 2))
  for at = 2, #ARGV, width do
    if long then
      if ARGV[at + long - 1] ~= '' then text = ARGV[at + long - 1] end
      ARGV[at + long - 1] = text
    end
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

-- For each outlet three arguments from ARGV `first` on: destination, ordering key, in how many ms the notice is due.
local function queue_notice(notice, first)
  for at = first, #ARGV, 3 do
    redis.call('RPUSH', key.notices(ARGV[at] .. ':' .. ARGV[at + 1]), notice)
    redis.call('ZADD', key.noticesDue(ARGV[at]), 'NX', milliseconds() + ARGV[at + 2], ARGV[at + 1])
  end
  wake('notice')
end

-- The arguments from ARGV `first` on, as a set.
local function set_of_arguments(first)
  local set = {}
  for i = first, #ARGV do set[ARGV[i]] = true end
  return set
end

-- Each process counts as alive until a time. A time beyond the longest life was written before Redis' clock was set back.
local LONGEST_LIFE_MS = constant.longestLifeMs
local function forget_the_dead(living, now)
  redis.call('ZREMRANGEBYSCORE', living, '-inf', now)
  redis.call('ZREMRANGEBYSCORE', living, '(' .. now + LONGEST_LIFE_MS, '+inf')
end

-- The state of a registration whose hash does not name it (registration-fields.ts).
local NEW_STATE = constant.newState

-- Whether no registration can be sent now. Cancelled ones stay in the list of ready registrations, so its length is not enough.
local function no_create_waits()
  if redis.call('LLEN', key.ready('submit')) + redis.call('ZCARD', key.window('submit')) == 0 then return true end
  local count = -redis.call('ZCARD', key.scheduled('submit'))
  for state in pairs(constant.unsent) do
    count = count + (redis.call('HGET', key.states(), state) or 0)
  end
  for _, batch in ipairs(redis.call('SMEMBERS', key.heldBatches())) do
    count = count - redis.call('ZCARD', key.held(batch))
  end
  return count <= 0
end

-- A registration without a fact is a string, its row as a number: one command makes those of a page, and Redis keeps a number in the
-- place of its address. Lua counts exactly to 2^53: 2^28 rows a batch, 2^25 batches. Redis writes such a number in full.
local ROWS_OF_A_BATCH = 2 ^ 28
local function row_number(batch_number, index) return batch_number * ROWS_OF_A_BATCH + index end

local batch_ids = {}
local function batch_numbered(number)
  batch_ids[number] = batch_ids[number] or redis.call('HGET', key.batchNumbers(), whole(number))
  return batch_ids[number]
end

-- The row of a registration without a fact; false for any other one: MGET does not fail for a hash, as GET does.
local function row_if_new(id)
  local text = row_numbers[id]
  if text == nil then text = redis.call('MGET', key.registration(id))[1] end
  local row = tonumber(text or nil)
  if not row then return false end
  local index = row % ROWS_OF_A_BATCH
  return batch_numbered((row - index) / ROWS_OF_A_BATCH) .. '/' .. whole(index)
end

-- Fields of a registration, as HMGET answers them; `is_new` of those of a registration without a fact.
local function fields_of(id, ...)
  local row = row_if_new(id)
  if not row then return redis.call('HMGET', key.registration(id), ...) end
  local values = { is_new = true }
  for i, name in ipairs({ ... }) do values[i] = name == field.row and row end
  return values
end

-- The state of a registration; '' if there is none.
local function state_of(id)
  local is = fields_of(id, field.state, field.row)
  return is[2] and (is[1] or NEW_STATE) or ''
end

-- The registration that was read last, and the fields of it that a fact needs: version, state, wait, row, joined rows.
local looked_at, looks

local function look_at(id)
  if looked_at ~= id then
    looks = fields_of(id, field.version, field.state, field.wait, field.row, field.joinedRows)
    looked_at = id
  end
  return looks
end

-- The write id of a registration's last fact; '' if it has none, false if Redis has lost the registration itself. The length of
-- the history would not do: after a loss of data, another fact may be at the same index.
local function version_of(id)
  looked_at = nil
  local is = look_at(id)
  return is[4] and (is[1] or '')
end

-- Many facts of a run differ only in their registration, and to decode one takes as long as to write it.
local decoded = {}
local function write_set_from(text)
  local write_set = decoded[text]
  if not write_set then
    write_set = cjson.decode(text)
    decoded[text] = write_set
  end
  return write_set
end
