-- Forgets one page of a batch's rows, and each registration that no other batch asks for. What prevents a second
-- registration stays: that a Mini Program was created, with its appid, or that a task may have created one.
-- KEYS 1 the page of rows
-- ARGV 1 batch id
-- Answers how many registrations were forgotten. A second run finds no rows.
local batch = ARGV[1]
local rows = redis.call('LRANGE', KEYS[1], 0, -1)
local forgotten, is_forgotten = 0, {}

-- Rows of other batches that wait for the same registration keep it, with their own details.
local function others_of(row, also)
  local others = {}
  for pointer in string.gmatch(row .. ' ' .. (also or ''), '%S+') do
    if row_of(pointer) ~= batch then others[#others + 1] = pointer end
  end
  return others
end

local function is_ours(row, also)
  for pointer in string.gmatch(row .. ' ' .. (also or ''), '%S+') do
    if row_of(pointer) == batch then return true end
  end
  return false
end

local function forget(id, now)
  local fields = now[1] == 'created' and { 's', 'appid', 'was' } or { 's', 'task', 'earlier', 'n', 'sent' }
  local values = redis.call('HMGET', key.registration(id), unpack(fields))
  redis.call('DEL', key.registration(id), key.history(id))
  if now[1] == 'created' or now[1] == 'needs_review' and (values[2] == 'open' or values[3] == 'open') then
    redis.call('HSET', key.registration(id), 'row', PURGED_ROW)
    for i, field in ipairs(fields) do
      if values[i] then redis.call('HSET', key.registration(id), field, values[i]) end
    end
  end
  if now[5] then redis.call('HDEL', key.tasks(), now[5]) end
  redis.call('HDEL', key.awaited(), id)
  redis.call('ZREM', key.later('submit'), id)
  redis.call('ZREM', key.later('follow-up'), id)
  -- In the list of what is ready it may stay: it is long, and a worker that finds no details gives the job back.
  forgotten, is_forgotten[id] = forgotten + 1, true
end

for i, packed in ipairs(rows) do
  if string.sub(packed, 1, 1) == 'r' then
    local id = string.sub(packed, 2, 17)
    local now = redis.call('HMGET', key.registration(id), 's', 'row', 'also', 'appid', 'tid')
    -- A later batch may have taken the registration over, and then it is that one's.
    if now[1] and is_ours(now[2], now[3]) then
      local others = others_of(now[2], now[3])
      if #others == 0 then
        forget(id, now)
      else
        redis.call('HSET', key.registration(id), 'row', table.remove(others, 1))
        redis.call('HDEL', key.registration(id), 'also')
        if #others > 0 then redis.call('HSET', key.registration(id), 'also', table.concat(others, ' ')) end
      end
    end
  end
end
-- A row that waits for another one's end is withdrawn with its batch.
for i, packed in ipairs(rows) do
  if string.sub(packed, 1, 1) == 'w' then
    local registration = key.registration(string.sub(packed, 2, 17))
    local others = {}
    for pointer in string.gmatch(redis.call('HGET', registration, 'next') or '', '%S+') do
      if row_of(pointer) ~= batch then others[#others + 1] = pointer end
    end
    redis.call('HDEL', registration, 'next')
    if #others > 0 then redis.call('HSET', registration, 'next', table.concat(others, ' ')) end
  end
end
-- Of the last calls it stays when they were.
for i, call in ipairs(redis.call('LRANGE', key.recent(), 0, -1)) do
  local at, id = string.match(call, '^(%d+) (%S+)$')
  if is_forgotten[id] then redis.call('LSET', key.recent(), i - 1, at) end
end
redis.call('DEL', KEYS[1])
return forgotten
