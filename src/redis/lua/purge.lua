-- Forgets one page of a batch's rows, and each registration that no other batch asks for. Of a Mini Program that was
-- created stays that it was, and its appid, or the merchant would be registered a second time.
-- KEYS 1 the page of rows
-- ARGV 1 batch id, 2… of each row its enterprise ('' where it has none)
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

local function forget(id, enterprise, now)
  redis.call('DEL', key.registration(id), key.history(id))
  if now[1] == 'created' then
    redis.call('HSET', key.registration(id), 's', 'created', 'row', 'purged/0')
    if now[4] then redis.call('HSET', key.registration(id), 'appid', now[4]) end
  end
  if now[5] then redis.call('HDEL', key.tasks(), now[5]) end
  redis.call('HDEL', key.awaited(), id)
  redis.call('ZREM', key.later('submit'), id)
  redis.call('ZREM', key.later('follow-up'), id)
  -- In the list of what is ready it may stay: it is long, and a worker that finds no details gives the job back.
  if enterprise ~= '' then redis.call('LREM', key.behind(enterprise), 0, id) end
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
        forget(id, ARGV[i + 1] or '', now)
      else
        redis.call('HSET', key.registration(id), 'row', table.remove(others, 1))
        redis.call('HDEL', key.registration(id), 'also')
        if #others > 0 then redis.call('HSET', key.registration(id), 'also', table.concat(others, ' ')) end
      end
    end
  end
end
-- Of the last calls it stays when they were.
for i, call in ipairs(redis.call('LRANGE', key.recent(), 0, -1)) do
  local at, id = string.match(call, '^(%d+) (%S+)$')
  if is_forgotten[id] then redis.call('LSET', key.recent(), i - 1, at) end
end
redis.call('DEL', KEYS[1])
return forgotten
