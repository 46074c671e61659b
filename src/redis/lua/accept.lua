-- Accepts rows of a batch: stores each row, and creates the registration of its enterprise if there is none. How a row relates
-- to an existing registration is decided outside, by the rules of domain/registration; the decision is written here in the
-- same step as the row.
-- KEYS 1 batch
-- ARGV 1 batch id, 2 index of the first row, 3 'again': merchants that have a Mini Program get one more; else '',
--      4 the rows' digests (row-index.ts), eight bytes each
--      5 their registrations, 16 characters each; spaces if our checks refused the row
--      6 the packed rows, joined by the character 30, which none contains
--      7… two of each row that has a decision or is never sent: its place among these rows, from 1, and 'never' (the row is
--      never sent) or the decision (JSON; for a row that is never sent it begins with "never":true):
--        refused   true: a row that is never sent and joins no registration is invalid
--        version   the registration's version on which the decision is based
--        writeSet  see `record` in fact.lua    relation, counted    the row's relation, and the name under which it is counted
--        replaces  true: the row cancels an earlier one that is not sent yet
-- Rows that were accepted already (the same file again, or a lost answer) are skipped. The run ends at the first row that has
-- no decision, or whose registration has changed since the decision.
-- Answers { rows that the batch has now, registrations… }: the existing registrations of the rows that follow. { -1 }: Redis has
-- lost the batch since it was opened, and rows without its columns could never be sent.
local batch, first, again = ARGV[1], tonumber(ARGV[2]), ARGV[3] == 'again'
local known = redis.call('HMGET', KEYS[1], 'rows', 'columns', 'number', 'correction')
if not known[2] then return { -1 } end
-- A person has corrected one merchant, and promises an answer soon: it goes before rows that are ready already.
local is_correction = known[4]
local accepted = tonumber(known[1] or 0)
-- If the page before this one was lost, this page must not take its indexes.
if first > accepted then return { accepted } end
local counts, delta, ready = key.counts(batch), {}, {}
local replaced = 0
local pushes_wait = redis.call('EXISTS', key.awaited()) == 1

local function count(name) delta[name] = (delta[name] or 0) + 1 end

local function duplicate_of(id, index)
  count('duplicate')
  return constant.relation.duplicate .. id .. '|' .. index
end

-- The index of an earlier row of this batch among the rows of the registration.
local function index_in_batch(rows)
  for pointer in string.gmatch(rows, '%S+') do
    local of, index = row_of(pointer)
    if of == batch then return index end
  end
end

-- The report names the first row of this file that found the Mini Program; further rows are its duplicates.
local function accept_created(id, pointer, appid)
  local _, own = row_of(pointer)
  redis.call('HSET', key.firstRows(batch), id, own)
  count('already_created')
  return constant.relation.already_created .. id .. '|' .. (appid or '')
end

local APPID_OF_CREATED = '^' .. constant.relation.already_created .. '[^|]*|(.*)$'

-- For an existing registration: applies the decision and returns the relation; nil if a new decision is needed.
local function accept_decided(id, pointer, row, state, decided)
  if not decided then return nil end
  decided = cjson.decode(decided)
  if version_of(id) ~= decided.version then return nil end
  local is_held = state == NEW_STATE and redis.call('ZSCORE', key.held(row_of(row)), id)
  local write_set = decided.writeSet
  local appid = string.match(decided.relation, APPID_OF_CREATED)
  if appid then
    record(id, write_set)
    return accept_created(id, pointer, appid)
  end
  -- It is sent with the other rows of this batch: in their order, and after the first rows.
  local is_ready = write_set.ready == 'submit'
  if is_ready then
    write_set.ready = nil
    redis.call('ZREM', key.scheduled('submit'), id)
  end
  record(id, write_set)
  -- If an earlier batch holds the registration back behind its first rows, it is now sent as a row of this batch.
  if is_held then
    no_longer_held(row_of(row), id)
    is_ready = true
  elseif state == NEW_STATE then
    -- It is ready already, or has been handed to a worker. A correction takes its place at the head: in both places, it would be
    -- sent again before its time when WeChat puts it off. Of a million that are ready, finding it takes some tens of milliseconds.
    is_ready = is_correction and redis.call('LREM', key.ready('submit'), 1, id) > 0
  end
  if is_ready then ready[#ready + 1] = id end
  if decided.replaces then replaced = replaced + 1 end
  count(decided.counted)
  return decided.relation
end

-- States in which a row only reports the existing Mini Program (domain/registration.ts).
local SETTLES_ROWS = constant.settlesRows

-- The relation of a row whose enterprise has an earlier row in this file or has a Mini Program; else nil.
local function accept_known(id, pointer, state, row, joined_rows, appid)
  local earlier = index_in_batch(row .. ' ' .. (joined_rows or ''))
  if earlier then return duplicate_of(id, earlier) end
  local first_of_file = redis.call('HGET', key.firstRows(batch), id)
  if first_of_file then return duplicate_of(id, first_of_file) end
  if SETTLES_ROWS[state] and not again then return accept_created(id, pointer, appid) end
end

-- A row that is never sent joins the registration of its enterprise. If there is none, or it has failed, the row is invalid.
local function accept_unsent(id, pointer, decided)
  local now = fields_of(id, field.state, field.row, field.joinedRows, field.waitingRows, field.appid)
  local exists, state = now[2], now[1] or NEW_STATE
  local relation = exists and accept_known(id, pointer, state, now[2], (now[3] or '') .. ' ' .. (now[4] or ''), now[5])
  if relation then return relation end
  if exists and decided == 'never' then return nil end
  if exists and not cjson.decode(decided).refused then return accept_decided(id, pointer, now[2], state, decided) end
  if exists and version_of(id) ~= cjson.decode(decided).version then return nil end
  count('invalid')
  return constant.relation.refused
end

local NONE, LENGTH = string.rep(' ', 16), 16
local function registration_at(place) return string.sub(ARGV[5], place * LENGTH + 1, (place + 1) * LENGTH) end
local ROWS = #ARGV[5] / LENGTH

-- A pattern would look at each character.
local read = 1
local function next_row()
  local joint = string.find(ARGV[6], '\30', read, true) or #ARGV[6] + 1
  local row = string.sub(ARGV[6], read, joint - 1)
  read = joint + 1
  return row
end

-- Rows of one page of the batch, which are stored together. A page with rows that have not created their registration is a changed
-- one.
local page_rows, has_others = {}, false
-- How many registrations this run has created: most rows create one, so they are counted at the end.
local created = 0

local function created_by(id)
  created = created + 1
  if pushes_wait then unpark_for(id) end
  ready[#ready + 1] = id
  return constant.relation.registered .. id
end

-- Creates the registrations of all rows in one command, if the ledger has none of them: one by one they cost Redis three times as
-- much. Answers whether it did.
local function create_all()
  local values, named, size = {}, {}, 0
  for place = 0, ROWS - 1 do
    local id = registration_at(place)
    if named[id] then return false end
    if id ~= NONE then
      named[id] = true
      values[size + 1], values[size + 2] = key.registration(id), row_number(known[3], first + place)
      size = size + 2
    end
  end
  return size > 0 and redis.call('MSETNX', unpack(values)) == 1
end

-- Accepts the rows if they are one page whose enterprises are all new, as nearly every page is. Answers whether it did: no row has
-- to be looked at any further.
local function accept_new_page()
  local is_one_page = first == accepted and first % ROWS_PER_PAGE + ROWS <= ROWS_PER_PAGE
  if not is_one_page or #ARGV > 6 or not create_all() then return false end
  for place = 0, ROWS - 1 do
    local id, relation = registration_at(place), constant.relation.refused
    if id ~= NONE then relation = created_by(id) end
    page_rows[place + 1] = relation .. '\n' .. next_row()
  end
  has_others = created < ROWS
  if has_others then delta.invalid = ROWS - created end
  accepted = accepted + ROWS
  return true
end

-- The row's relation to its registration (relation-codes.ts).
local function accept(id, index, decided)
  if redis.call('SETNX', key.registration(id), row_number(known[3], index)) == 1 then return created_by(id) end
  local pointer = batch .. '/' .. index
  local now = fields_of(id, field.state, field.row, field.joinedRows, field.waitingRows, field.appid)
  local state = now[1] or NEW_STATE
  return accept_known(id, pointer, state, now[2], (now[3] or '') .. ' ' .. (now[4] or ''), now[5])
    or accept_decided(id, pointer, now[2], state, decided)
end

-- Stores the rows, and their digests at the same indexes.
local function store()
  if #page_rows == 0 then return end
  local from = accepted - #page_rows
  local page = batch .. ':' .. math.floor(from / ROWS_PER_PAGE)
  redis.call('RPUSH', key.rows(page), unpack(page_rows))
  local digests = string.sub(ARGV[4], (from - first) * 8 + 1, (accepted - first) * 8)
  redis.call('SETRANGE', key.rowIndex(page), from % ROWS_PER_PAGE * 8, digests)
  if has_others then changed_pages[page] = true end
  page_rows, has_others = {}, false
end

local decisions = {}
for i = 7, #ARGV, 2 do decisions[tonumber(ARGV[i])] = ARGV[i + 1] end

local undecided = {}
local left = accept_new_page() and 0 or ROWS
for place = 0, left - 1 do
  local id, row, index, decided = registration_at(place), next_row(), first + place, decisions[place + 1]
  if #undecided > 0 then
    if id ~= NONE and redis.call('EXISTS', key.registration(id)) == 1 then undecided[#undecided + 1] = id end
  elseif index >= accepted then
    local relation, created_before = constant.relation.refused, created
    if id == NONE then
      count('invalid')
    elseif decided and (decided == 'never' or string.find(decided, '^{"never":true')) then
      relation = accept_unsent(id, batch .. '/' .. index, decided)
    else
      relation = accept(id, index, decided)
    end
    if relation then
      if index % ROWS_PER_PAGE == 0 then store() end
      has_others = has_others or created == created_before
      page_rows[#page_rows + 1] = relation .. '\n' .. row
      accepted = index + 1
    else
      undecided[1] = id
    end
  end
end
store()
if created > 0 then
  count_change(key.states(), NEW_STATE, created)
  delta[NEW_STATE] = (delta[NEW_STATE] or 0) + created
end

redis.call('HSET', KEYS[1], 'rows', accepted)
if replaced > 0 then redis.call('HINCRBY', KEYS[1], 'replaces', replaced) end
redis.call('HINCRBY', key.epoch(), 'changes', 1)
for name, n in pairs(delta) do redis.call('HINCRBY', counts, name, n) end
write_counts()
local canaries = tonumber(redis.call('HGET', KEYS[1], 'canaries') or 0)
local vacant = canaries > 0 and tonumber(redis.call('HGET', KEYS[1], 'canaries/vacant') or 0) or 0
if canaries == 0 and #ready > 0 then
  redis.call(is_correction and 'LPUSH' or 'RPUSH', key.ready('submit'), unpack(ready))
end
for _, id in ipairs(canaries > 0 and ready or {}) do
  local place = redis.call('HINCRBY', KEYS[1], 'canaries/sent', 1)
  if place > canaries and vacant == 0 then
    hold_back(batch, place, id)
  else
    if place > canaries then vacant = redis.call('HINCRBY', KEYS[1], 'canaries/vacant', -1) end
    redis.call('RPUSH', key.ready('submit'), id)
  end
end
if #ready > 0 then wake('ready') end
return { accepted, unpack(undecided) }
