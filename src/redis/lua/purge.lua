-- Deletes the last rows of a page of a batch, and each registration that no other batch has a row for. Some of a registration
-- stays, to prevent that the merchant is registered twice: that a Mini Program was created, with its appid, or that a task may
-- have created one. Rows are deleted from the end, so that the rows before them keep their indexes, and up to the first row
-- whose registration has no outcome: a person may have sent it again since the batch was looked at.
-- KEYS 1 the page of rows, 2 the digests by which they are found
-- ARGV 1 batch id, 2 how many rows
-- Answers { how many registrations were deleted, how many rows the page has left; -1 if the last of these must not be deleted
-- now }. A second run deletes further rows.
local batch, count = ARGV[1], tonumber(ARGV[2])
local rows = redis.call('LRANGE', KEYS[1], -count, -1)
local forgotten = 0

local PURGEABLE = constant.purgeable

local function is_purgeable(state) return PURGEABLE[state or NEW_STATE] end

-- Rows of other batches for the same registration.
local function others_of(pointers)
  local others = {}
  for pointer in string.gmatch(pointers, '%S+') do
    if pointer ~= PURGED_ROW and row_of(pointer) ~= batch then others[#others + 1] = pointer end
  end
  return others
end

local function has_ours(pointers)
  for pointer in string.gmatch(pointers, '%S+') do
    if row_of(pointer) == batch then return true end
  end
  return false
end

-- Takes the first row that can be sent from `others`; nil if there is none. A row that our checks refused has joined without
-- details.
local function take_leader(others)
  for i, pointer in ipairs(others) do
    local row = row_at(pointer)
    if row and not string.find(row, constant.refusedRow) then return table.remove(others, i) end
  end
end

-- Each attempt has had its own task.
local function forget_tasks(id, last)
  if last then redis.call('HDEL', key.tasks(), last) end
  for _, entry in ipairs(redis.call('LRANGE', key.history(id), 0, -1)) do
    local task = string.match(entry, '"taskId":"([^"]+)"')
    if task then redis.call('HDEL', key.tasks(), task) end
  end
end

local RULES, FIELDS_OF_RULES = constant.purgeRules, constant.fieldsOfPurgeRules

local function fits(where, registration)
  for name, value in pairs(where) do
    local is = registration[name]
    if not is or value ~= true and is ~= value then return false end
  end
  return true
end

-- The fields that stay of a registration (domain/purge.ts); nil if nothing does.
local function kept_of(registration)
  for _, rule in ipairs(RULES) do
    if fits(rule.where, registration) then return rule.keeps end
  end
end

-- What a report needs of a registration, in the order of registration-fields.ts.
local SHOWN = {}
for name in string.gmatch(constant.shownFields, '%S+') do SHOWN[#SHOWN + 1] = name end

-- A decision made before this purge meant the registration as it was: it is made again.
local function changed_version(version) return (version or '') .. '~' end

local function set_list(id, name, pointers)
  if #pointers == 0 then redis.call('HDEL', key.registration(id), name)
  else redis.call('HSET', key.registration(id), name, table.concat(pointers, ' ')) end
end

-- `refused`: rows of other batches without details. They go on showing what is kept; if nothing is, they are rows that our checks
-- refused, of an enterprise that has nothing.
local function forget(id, now, refused)
  forget_tasks(id, now.task)
  local values, was = fields_of(id, unpack(FIELDS_OF_RULES)), {}
  for i, name in ipairs(FIELDS_OF_RULES) do was[name] = values[i] end
  was[field.state], was[field.version] = now.state, changed_version(now.version)
  redis.call('DEL', key.registration(id), key.history(id))
  local kept = kept_of(was)
  if kept then
    redis.call('HSET', key.registration(id), field.row, PURGED_ROW)
    for _, name in ipairs(kept) do
      if was[name] then redis.call('HSET', key.registration(id), name, was[name]) end
    end
    set_list(id, field.joinedRows, refused)
    local shown = redis.call('HMGET', key.registration(id), unpack(SHOWN))
    for i = 1, #SHOWN do shown[i] = shown[i] or '' end
    redis.call('HSET', key.registration(id), field.outcome, table.concat(shown, '\31'))
  else
    count_state(now.state, nil)
    local changes_of_rows = {}
    for i, pointer in ipairs(refused) do
      changes_of_rows[i] = { pointer, constant.relation.refused, now.state, 'invalid', '' }
    end
    change_rows(changes_of_rows)
  end
  redis.call('HDEL', key.awaited(), id)
  for _, kind in ipairs({ 'submit', 'follow-up' }) do redis.call('ZREM', key.scheduled(kind), id) end
  for _, list in ipairs({ key.links(), key.unreminded(), key.linksToAnnounce() }) do redis.call('ZREM', list, id) end
  -- The lists of ready registrations are long: tidy.lua clears them after all rows are deleted.
  forgotten = forgotten + 1
end

-- The last row of the registration in this batch goes. Answers false if the registration must stay as it is.
local function forget_registered(id)
  local is = fields_of(id, field.state, field.row, field.joinedRows, field.taskId, field.version)
  local now = { state = is[1] or NEW_STATE, task = is[4], version = is[5] }
  local pointers = is[2] and is[2] .. ' ' .. (is[3] or '')
  -- A later batch may have replaced this row; then the registration belongs to that batch.
  if not pointers or not has_ours(pointers) then return true end
  if not is_purgeable(now.state) then return false end
  local others = others_of(pointers)
  -- They may be listed now instead of this one.
  for _, pointer in ipairs(others) do changed_pages[page_of(pointer)] = true end
  local leader = take_leader(others)
  if leader then
    redis.call('HSET', key.registration(id), field.row, leader, field.version, changed_version(now.version))
    set_list(id, field.joinedRows, others)
  else
    forget(id, now, others)
  end
  return true
end

-- A row that waits for the outcome of another row is withdrawn with its batch.
local function forget_waiting(id)
  local is = fields_of(id, field.state, field.waitingRows, field.version)
  if not is[2] or not has_ours(is[2]) then return true end
  if not is_purgeable(is[1]) then return false end
  set_list(id, field.waitingRows, others_of(is[2]))
  redis.call('HSET', key.registration(id), field.version, changed_version(is[3]))
  return true
end

local FORGET = {
  [constant.relation.registered] = forget_registered,
  [constant.relation.waits] = forget_waiting,
}

local deleted = 0
for i = #rows, 1, -1 do
  local forget_row = FORGET[string.sub(rows[i], 1, 1)]
  if forget_row and not forget_row(string.sub(rows[i], 2, 17)) then break end
  deleted = deleted + 1
end
changed_pages[batch .. ':' .. string.match(KEYS[1], '%d+$')] = true
write_counts()
redis.call('LTRIM', KEYS[1], 0, -deleted - 1)
local left = redis.call('LLEN', KEYS[1])
-- Eight bytes each (row-index.ts).
local digests = left > 0 and redis.call('GETRANGE', KEYS[2], 0, left * 8 - 1) or ''
if digests == '' then redis.call('UNLINK', KEYS[2]) else redis.call('SET', KEYS[2], digests) end
return { forgotten, deleted < #rows and -1 or left }
