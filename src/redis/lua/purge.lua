-- Forgets the last rows of a page of a batch, and each registration that no other batch asks for. Of a Mini Program that was
-- created stays that it was, and its appid, or the merchant would be registered a second time. From the end, so that the
-- rows before them keep their places.
-- KEYS 1 the page of rows
-- ARGV 1 batch id, 2… of each row its enterprise ('' where it has none)
-- Answers how many registrations were forgotten. A second run forgets the rows before them.
local batch, count = ARGV[1], #ARGV - 1
local rows = redis.call('LRANGE', KEYS[1], -count, -1)
local forgotten = 0

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

-- Each attempt had a task of its own.
local function forget_tasks(id)
  for _, entry in ipairs(redis.call('LRANGE', key.history(id), 0, -1)) do
    local task = string.match(entry, '"taskId":"([^"]+)"')
    if task then redis.call('HDEL', key.tasks(), task) end
  end
end

local function forget(id, enterprise, now)
  forget_tasks(id)
  redis.call('DEL', key.registration(id), key.history(id))
  if now[1] == 'created' then
    redis.call('HSET', key.registration(id), 's', 'created', 'row', PURGED)
    if now[4] then redis.call('HSET', key.registration(id), 'appid', now[4]) end
  else
    count_change(key.states(), now[1], nil)
  end
  if now[5] then redis.call('HDEL', key.tasks(), now[5]) end
  redis.call('HDEL', key.awaited(), id)
  for _, kind in ipairs({ 'submit', 'follow-up', 'authorize' }) do redis.call('ZREM', key.later(kind), id) end
  redis.call('ZREM', key.links(), id)
  redis.call('ZREM', key.unreminded(), id)
  redis.call('ZREM', key.untold(), id)
  -- The lists of what is ready are long: tidy.lua goes over them when all rows are forgotten.
  if enterprise ~= '' then redis.call('LREM', key.behind(enterprise), 0, id) end
  forgotten = forgotten + 1
end

for i, packed in ipairs(rows) do
  if string.sub(packed, 1, 1) == 'r' then
    local id = string.sub(packed, 2, 17)
    local now = redis.call('HMGET', key.registration(id), 's', 'row', 'also', 'appid', 'tid')
    -- A later batch may have taken the registration over, and then it is that one's.
    if now[1] and is_ours(now[2], now[3]) then
      local others = others_of(now[2], now[3])
      if #others == 0 then
        forget(id, ARGV[i + 1] or '', now)
      else
        redis.call('HSET', key.registration(id), 'row', table.remove(others, 1))
        redis.call('HDEL', key.registration(id), 'also')
        if #others > 0 then redis.call('HSET', key.registration(id), 'also', table.concat(others, ' ')) end
      end
    end
  end
end
write_changes()
redis.call('LTRIM', KEYS[1], 0, -count - 1)
return forgotten
