-- Accepts rows of a batch: stores each, and makes the registration of its enterprise where there is none. What a row is to
-- a registration that is there already is decided outside, by the rules of domain/registration, and written here in the same
-- step as the row.
-- KEYS 1 batch
-- ARGV 1 batch id, 2 index of the first row, 3 'again' where a merchant that is created is to get one more, else '',
--      4 the rows' digests (row-index.ts), eight bytes each
--      5… three of each row: registration ('' where our checks refused the row), packed row, and '' or 'never' (the row is
--      never sent) or what was decided (JSON; of a row that is never sent it begins with "never":true):
--        refused   true: a row that is never sent, and joins nothing, is invalid
--        version   the registration's version at which it was decided
--        step      as `record` of prelude.lua takes it    relation, counted    what the row is, and counts as
-- Rows that were accepted already (the same file again, or a lost answer) are passed over. The first row that nobody has
-- decided, or whose registration has moved since, ends the run.
-- Answers how many rows the batch has now, and the registrations, from there on, that are there already.
local batch, first, again = ARGV[1], tonumber(ARGV[2]), ARGV[3] == 'again'
local accepted = tonumber(redis.call('HGET', KEYS[1], 'rows') or 0)
-- A page whose forerunner was lost must not take its place.
if first > accepted then return { accepted } end
local counts, delta, ready = key.counts(batch), {}, {}
local pushes_wait = redis.call('EXISTS', key.awaited()) == 1

local function count(name) delta[name] = (delta[name] or 0) + 1 end

local function duplicate_of(id, index)
  count('duplicate')
  return 'd' .. id .. '|' .. index
end

-- An earlier row of this batch that the registration has.
local function index_in_batch(rows)
  for pointer in string.gmatch(rows, '%S+') do
    local of, index = row_of(pointer)
    if of == batch then return index end
  end
end

-- Of further rows of the file that name it, the report says which row was the first.
local function accept_created(id, pointer, appid)
  local _, own = row_of(pointer)
  redis.call('HSET', key.firstRows(batch), id, own)
  count('already_created')
  return 'a' .. id .. '|' .. (appid or '')
end

-- A registration that is there already: what was decided, nil where it has to be decided now.
local function accept_decided(id, pointer, row, state, decided)
  if decided == '' then return nil end
  decided = cjson.decode(decided)
  if version_of(id) ~= decided.version then return nil end
  local is_kept = state == 'queued' and redis.call('ZSCORE', key.held(row_of(row)), id)
  local step = decided.step
  local appid = string.match(decided.relation, '^a[^|]*|(.*)$')
  if appid then
    record(id, step)
    return accept_created(id, pointer, appid)
  end
  -- It goes with the others of this batch: in their order, and behind its first rows.
  local is_ready = step.ready == 'submit'
  if is_ready then
    step.ready = nil
    redis.call('ZREM', key.scheduled('submit'), id)
  end
  record(id, step)
  -- What an earlier sheet keeps behind its first rows is sent as this one is: whoever loads it wants that.
  if is_kept then
    no_longer_held(row_of(row), id)
    is_ready = true
  elseif state == 'queued' then
    is_ready = false
  end
  if is_ready then ready[#ready + 1] = id end
  count(decided.counted)
  return decided.relation
end

-- States in which a row only reports the Mini Program that there is (domain/registration.ts).
local SETTLES_ROWS = constant.settlesRows

-- What a row is whose enterprise is known to this file, or has a Mini Program; nil where neither is so.
local function accept_known(id, pointer, state, row, also, appid)
  local earlier = index_in_batch(row .. ' ' .. (also or ''))
  if earlier then return duplicate_of(id, earlier) end
  local first_of_file = redis.call('HGET', key.firstRows(batch), id)
  if first_of_file then return duplicate_of(id, first_of_file) end
  if SETTLES_ROWS[state] and not again then return accept_created(id, pointer, appid) end
end

-- A row that is never sent: it joins what its enterprise has, and where that is nothing, or has failed, it is invalid.
local function accept_unsent(id, pointer, decided)
  local now = redis.call(
    'HMGET', key.registration(id), field.state, field.row, field.joinedRows, field.waitingRows, field.appid
  )
  local relation = now[1] and accept_known(id, pointer, now[1], now[2], (now[3] or '') .. ' ' .. (now[4] or ''), now[5])
  if relation then return relation end
  if now[1] and decided == 'never' then return nil end
  if now[1] and not cjson.decode(decided).refused then return accept_decided(id, pointer, now[2], now[1], decided) end
  if now[1] and version_of(id) ~= cjson.decode(decided).version then return nil end
  count('invalid')
  return 'i'
end

-- What this row is to its registration (batches.ts, `Relation`).
local function accept(id, pointer, decided)
  local registration = key.registration(id)
  if redis.call('EXISTS', registration) == 0 then
    redis.call('HSET', registration, field.state, 'queued', field.row, pointer)
    count_state(nil, 'queued')
    if pushes_wait then unpark_for(id) end
    ready[#ready + 1] = id
    count('queued')
    return 'r' .. id
  end
  local now = redis.call(
    'HMGET', registration, field.state, field.row, field.joinedRows, field.waitingRows, field.appid
  )
  return accept_known(id, pointer, now[1], now[2], (now[3] or '') .. ' ' .. (now[4] or ''), now[5])
    or accept_decided(id, pointer, now[2], now[1], decided)
end

-- Rows of one page of the batch, stored together, and their digests at the same places.
local page_rows = {}
local function store()
  if #page_rows == 0 then return end
  local from = accepted - #page_rows
  local page = batch .. ':' .. math.floor(from / ROWS_PER_PAGE)
  redis.call('RPUSH', key.rows(page), unpack(page_rows))
  local digests = string.sub(ARGV[4], (from - first) * 8 + 1, (accepted - first) * 8)
  redis.call('SETRANGE', key.rowIndex(page), from % ROWS_PER_PAGE * 8, digests)
  page_rows = {}
end

local undecided = {}
for i = 5, #ARGV, 3 do
  local index = first + (i - 5) / 3
  if #undecided > 0 then
    if ARGV[i] ~= '' and redis.call('EXISTS', key.registration(ARGV[i])) == 1 then undecided[#undecided + 1] = ARGV[i] end
  elseif index >= accepted then
    local relation = 'i'
    if ARGV[i] == '' then
      count('invalid')
    elseif ARGV[i + 2] == 'never' or string.find(ARGV[i + 2], '^{"never":true') then
      relation = accept_unsent(ARGV[i], batch .. '/' .. index, ARGV[i + 2])
    else
      relation = accept(ARGV[i], batch .. '/' .. index, ARGV[i + 2])
    end
    if relation then
      if index % ROWS_PER_PAGE == 0 then store() end
      page_rows[#page_rows + 1] = relation .. '\n' .. ARGV[i + 1]
      accepted = index + 1
    else
      undecided[1] = ARGV[i]
    end
  end
end
store()

redis.call('HSET', KEYS[1], 'rows', accepted)
for name, n in pairs(delta) do redis.call('HINCRBY', counts, name, n) end
write_counts()
local canaries = tonumber(redis.call('HGET', KEYS[1], 'canaries') or 0)
if canaries == 0 and #ready > 0 then
  redis.call('RPUSH', key.ready('submit'), unpack(ready))
end
for _, id in ipairs(canaries > 0 and ready or {}) do
  local place = redis.call('HINCRBY', KEYS[1], 'canaries/sent', 1)
  if place > canaries then
    hold_back(batch, place, id)
  else
    redis.call('RPUSH', key.ready('submit'), id)
  end
end
if #ready > 0 then wake('ready') end
return { accepted, unpack(undecided) }
