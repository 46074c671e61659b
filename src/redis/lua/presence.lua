-- Reads which processes live, when each kind was last seen, when WeChat was last called and last pushed, and since when the
-- oldest row that could be sent now has waited.
-- KEYS 1 living processes
-- ARGV 1 how many registrations to look at in each list, 2 'alone' to look at none while a worker lives that can send, 3… states in which there
--      is something to send
-- Writes nothing but what a clock that was set back calls for: a Redis that takes no writes can be asked.
-- Answers { now in ms, processes (JSON), { name, when seen in ms, … }, last call in µs or '', waiting since in ms or '' }
local now = milliseconds()
local looks, states = tonumber(ARGV[1]), set_of_arguments(3)
local living = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, now + LONGEST_LIFE_MS)

local function has_worker()
  for _, process in ipairs(living) do
    local known = cjson.decode(process)
    if known.role == 'worker' and not known.problem then return true end
  end
end

local seen = redis.call('HGETALL', key.lastSeen())
for i = 2, #seen, 2 do
  -- Redis' clock was set back: no time of a sighting may be in the future.
  if tonumber(seen[i]) > now then
    seen[i] = string.format('%.0f', now)
    redis.pcall('HSET', key.lastSeen(), seen[i - 1], seen[i])
  end
end

local times = {}
local function loaded_at(batch)
  times[batch] = times[batch] or tonumber(redis.call('HGET', key.batch(batch), 'loadedAt') or nil)
  return times[batch]
end

-- Since when the registration could be sent: since it was due, since its last fact, or since its sheet was loaded.
local function waits_since(id)
  local fields = fields_of(id, field.state, field['until'], field.row, field.version)
  if not fields[3] or not states[fields[1] or NEW_STATE] then return end
  if fields[2] then return tonumber(fields[2]) end
  -- Without a version it has no fact.
  local last = fields[4] and redis.call('LINDEX', key.history(id), -1)
  if last then return cjson.decode(last).at end
  return loaded_at((row_of(fields[3])))
end

local oldest
local function look(ids)
  for _, id in ipairs(ids) do
    local since = waits_since(id)
    if since and (not oldest or since < oldest) then oldest = since end
  end
end

local function look_at_lists()
  -- New rows are dispatched in the order of their sheets, so the oldest are first. Cancelled registrations stay in the list.
  local ready = key.ready('submit')
  for from = 0, 9 * looks, looks do
    local ids = redis.call('LRANGE', ready, from, from + looks - 1)
    look(ids)
    if oldest or #ids < looks then break end
  end
  look(redis.call('ZRANGEBYSCORE', key.scheduled('submit'), '-inf', now, 'LIMIT', 0, looks))
  local handed = {}
  for _, job in ipairs(redis.call('ZRANGE', key.window('submit'), 0, looks - 1)) do
    handed[#handed + 1] = string.match(job, '^[^-]*')
  end
  look(handed)
end

if ARGV[2] ~= 'alone' or not has_worker() then look_at_lists() end

local newest = redis.call('LINDEX', key.recent(), 0)
return {
  string.format('%.0f', now),
  living,
  seen,
  newest and string.match(newest, '^%d+') or '',
  oldest and string.format('%.0f', math.min(oldest, now)) or '',
}
