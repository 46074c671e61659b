-- Moves registrations that are due or ready into the window, as far as it has room, for the relay to add to BullMQ. A job stays
-- in the window until a worker has done it, so a crash between this step and BullMQ loses nothing. Registrations that were
-- cancelled, settled or purged meanwhile are left out: a worker would need a hundred times as long to find that out.
-- KEYS 1 the window of this kind
-- ARGV 1 kind of work, 2 how many jobs the window holds, 3 how many registrations to move at most, 4 how many make a chunk,
--      5 how many to look at at most, so that other clients are not blocked, 6 the relay's clock in ms, used if Redis' clock was
--      set back, 7… states in which there is work of this kind (none: all states)
-- Answers { in how many ms to run again, by this clock (0: there is room, and more to look at; -1: nothing is scheduled), how
-- many are still ready, jobs… }. A job is `registration-moment-number`: `moment` is the time in ms up to which work was due,
-- with the microseconds of Redis' clock, and `number` counts the chunks of this run. So a chunk's name is unique: BullMQ ignores
-- a chunk whose name it knows, even while the worker that returned a registration a moment ago has not finished the old one.
local kind, size, most, chunk, looks = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local states, in_any_state = set_of_arguments(7), #ARGV < 7
local time = redis.call('TIME')
local handed = time[1] * 1000 + math.floor(time[2] / 1000)
local now = handed

-- If Redis' clock is set back, scheduled work does not become due later.
local SET_BACK_MS = 1000
local latest = tonumber(redis.call('GET', key.clock()) or 0)
if handed > latest + SET_BACK_MS then
  redis.call('SET', key.clock(), handed)
elseif handed < latest - SET_BACK_MS then
  now = math.max(now, tonumber(ARGV[6] or 0))
end
local moment = string.format('%.0f.%s', now, time[2])

local scheduled, ready = key.scheduled(kind), key.ready(kind)
local due = redis.call('ZRANGEBYSCORE', scheduled, '-inf', now, 'LIMIT', 0, looks)
if #due > 0 then
  redis.call('LPUSH', ready, unpack(due))
  redis.call('ZREM', scheduled, unpack(due))
end

local room = math.min(size - redis.call('ZCARD', KEYS[1]), most)
local ids = {}
while #ids < room and looks > 0 do
  local found = redis.call('LPOP', ready, math.min(room - #ids, looks))
  if not found then break end
  looks = looks - #found
  for _, id in ipairs(found) do
    if in_any_state or states[state_of(id)] then ids[#ids + 1] = id end
  end
end

local left = redis.call('LLEN', ready)
local next_due = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')[2]
local again_in = next_due and math.max(next_due - now, 1) or -1
if left > 0 and #ids < room then again_in = 0 end
local answer = { again_in, left }
local scored = {}
for i, id in ipairs(ids) do
  local job = id .. '-' .. moment .. '-' .. math.floor((i - 1) / chunk)
  scored[#scored + 1] = handed
  scored[#scored + 1] = job
  answer[#answer + 1] = job
end
if #scored > 0 then redis.call('ZADD', KEYS[1], unpack(scored)) end
return answer
