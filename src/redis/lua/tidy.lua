-- Clears a part of a list of entries of purged registrations. The list of ready registrations and a window also lose every entry
-- without work; an entry of the last calls keeps its time. The order of the other entries stays.
-- KEYS 1 the list
-- ARGV 1 'ready', 'window' or 'recent', 2 how many entries at its end were looked at before and stay, 3 how many to look at,
--      4… states in which there is work (none: all states)
-- Answers { how many were looked at, how many of them stay }. If run twice, or while other clients change the list, it skips
-- some entries.
local what, from, most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local states, in_any_state = set_of_arguments(4), #ARGV < 4
local found = redis.call(what == 'window' and 'ZRANGE' or 'LRANGE', KEYS[1], -from - most, -from - 1)

local function is_over(id)
  local now = fields_of(id, field.state, field.row)
  return not now[2] or now[2] == PURGED_ROW or not (in_any_state or states[now[1] or NEW_STATE])
end

local gone = 0
for i, entry in ipairs(found) do
  local place = i - 1 - #found - from
  if what == 'recent' then
    local at, id = string.match(entry, '^(%d+) (%S+)$')
    if id and is_over(id) then redis.call('LSET', KEYS[1], place, at) end
  elseif is_over(string.match(entry, '^[^-]*')) then
    gone = gone + 1
    if what == 'window' then redis.call('ZREM', KEYS[1], entry) else redis.call('LSET', KEYS[1], place, '') end
  end
end
-- LREM walks the list from its end. Farther away, '' stays in the list, and dispatch.lua skips it.
local is_near = from < 20000
if gone > 0 and what == 'ready' and is_near then redis.call('LREM', KEYS[1], -gone, '') end
return { #found, what == 'ready' and not is_near and #found or #found - gone }
