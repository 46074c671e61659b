-- Deletes the last rows of a page of a batch, and each registration that no other batch has a row for. Some of a registration
-- stays, to prevent that the merchant is registered twice: that a Mini Program was created, with its appid, or that a task may
-- have created one. Rows are deleted from the end, so that the rows before them keep their indexes.
-- KEYS 1 the page of rows, 2 the digests by which they are found
-- ARGV 1 batch id, 2 how many rows
-- Answers { how many registrations were deleted, how many rows the page has left }. A second run deletes further rows.
local batch, count = ARGV[1], tonumber(ARGV[2])
local rows = redis.call('LRANGE', KEYS[1], -count, -1)
local forgotten = 0

-- Rows of other batches for the same registration. They keep it, with their own details.
local function others_of(row, joined_rows)
  local others = {}
  for pointer in string.gmatch(row .. ' ' .. (joined_rows or ''), '%S+') do
    if row_of(pointer) ~= batch then others[#others + 1] = pointer end
  end
  return others
end

local function is_ours(row, joined_rows)
  for pointer in string.gmatch(row .. ' ' .. (joined_rows or ''), '%S+') do
    if row_of(pointer) == batch then return true end
  end
  return false
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

local function forget(id, now)
  forget_tasks(id, now[5])
  local values, was = fields_of(id, unpack(FIELDS_OF_RULES)), {}
  for i, name in ipairs(FIELDS_OF_RULES) do was[name] = values[i] end
  was[field.state] = now[1]
  redis.call('DEL', key.registration(id), key.history(id))
  local kept = kept_of(was)
  if kept then
    redis.call('HSET', key.registration(id), field.row, PURGED_ROW)
    for _, name in ipairs(kept) do
      if was[name] then redis.call('HSET', key.registration(id), name, was[name]) end
    end
    local shown = redis.call('HMGET', key.registration(id), unpack(SHOWN))
    for i = 1, #SHOWN do shown[i] = shown[i] or '' end
    redis.call('HSET', key.registration(id), field.outcome, table.concat(shown, '\31'))
  else
    count_state(now[1], nil)
  end
  redis.call('HDEL', key.awaited(), id)
  for _, kind in ipairs({ 'submit', 'follow-up' }) do redis.call('ZREM', key.scheduled(kind), id) end
  for _, list in ipairs({ key.links(), key.unreminded(), key.linksToAnnounce() }) do redis.call('ZREM', list, id) end
  -- The lists of ready registrations are long: tidy.lua clears them after all rows are deleted.
  forgotten = forgotten + 1
end

for i, packed in ipairs(rows) do
  if string.sub(packed, 1, 1) == constant.relation.registered then
    local id = string.sub(packed, 2, 17)
    local now = fields_of(id, field.state, field.row, field.joinedRows, field.appid, field.taskId, field.version)
    -- A later batch may have replaced this row; then the registration belongs to that batch.
    now[1] = now[1] or NEW_STATE
    if now[2] and is_ours(now[2], now[3]) then
      local others = others_of(now[2], now[3])
      if #others == 0 then
        forget(id, now)
      else
        -- They may be listed now instead of this one.
        for _, pointer in ipairs(others) do changed_pages[page_of(pointer)] = true end
        -- What was decided before meant the rows that it had.
        redis.call('HSET', key.registration(id), field.row, table.remove(others, 1), field.version, (now[6] or '') .. '~')
        redis.call('HDEL', key.registration(id), field.joinedRows)
        if #others > 0 then redis.call('HSET', key.registration(id), field.joinedRows, table.concat(others, ' ')) end
      end
    end
  end
end
-- A row that waits for the outcome of another row is withdrawn with its batch.
for i, packed in ipairs(rows) do
  if string.sub(packed, 1, 1) == constant.relation.waits then
    local id = string.sub(packed, 2, 17)
    local registration, waiting = key.registration(id), fields_of(id, field.waitingRows)[1]
    local others = {}
    for pointer in string.gmatch(waiting or '', '%S+') do
      if row_of(pointer) ~= batch then others[#others + 1] = pointer end
    end
    if waiting then redis.call('HDEL', registration, field.waitingRows) end
    if #others > 0 then redis.call('HSET', registration, field.waitingRows, table.concat(others, ' ')) end
  end
end
changed_pages[batch .. ':' .. string.match(KEYS[1], '%d+$')] = true
write_counts()
redis.call('LTRIM', KEYS[1], 0, -count - 1)
redis.call('UNLINK', KEYS[2])
return { forgotten, redis.call('LLEN', KEYS[1]) }
