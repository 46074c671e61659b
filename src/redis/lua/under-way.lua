-- Counts the calls that have no answer yet.
-- KEYS 1 the last calls
-- ARGV 1 how long a call may take, in ms: the worker of an older call has died
-- Answers how many.
local time = redis.call('TIME')
local since = time[1] * 1000000 + time[2] - ARGV[1] * 1000

local SENDS = constant.sends

-- A registration has one call at a time. Pushes and operators add entries too, but only the answer has callSentAt.
local function unanswered(id)
  local answered = {}
  for i = redis.call('LLEN', key.history(id)) - 1, 0, -1 do
    local entry = cjson.decode(redis.call('LINDEX', key.history(id), i))
    if SENDS[entry.kind] then
      return not answered[entry.callSentAt or entry.at]
    end
    if entry.callSentAt then answered[entry.callSentAt] = true end
  end
  return false
end

local under_way, seen = 0, {}
for _, call in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  -- The id is absent if the registration was purged since.
  local at, id = string.match(call, '^(%d+) ?(%S*)$')
  if tonumber(at) <= since then break end
  if not seen[id] and unanswered(id) then under_way = under_way + 1 end
  seen[id] = true
end
return under_way
