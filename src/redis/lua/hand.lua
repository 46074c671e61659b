-- Takes what is due and what is ready, as far as the window has room, to be handed to BullMQ. What is taken stays in the
-- window until a worker has done it, so that a crash between this step and BullMQ loses nothing.
-- KEYS 1 the window of this kind
-- ARGV 1 kind of work, 2 how many jobs the window holds, 3 how many to take at most, 4 how many make a handful,
--      5 the relay's clock in ms, which is believed where Redis' was set back
-- Answers { in how many ms the next one is due or -1, how many are still ready, jobs… }; a job is `registration-handful`,
-- and a handful `moment-number`, the moment being the time of its handing by which it is due, in ms, and
-- what makes it the only one: BullMQ passes over a handful whose name it
-- has, also while a worker that gave a registration back a moment ago is not done with the old one.
local kind, size, most, handful = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local handed = time[1] * 1000 + math.floor(time[2] / 1000)
local now = handed

-- Times that were written down do not come later because Redis' clock was set back.
local SET_BACK_MS = 1000
local latest = tonumber(redis.call('GET', key.clock()) or 0)
if handed > latest + SET_BACK_MS then
  redis.call('SET', key.clock(), handed)
elseif handed < latest - SET_BACK_MS then
  now = math.max(now, tonumber(ARGV[5] or 0))
end
local moment = string.format('%.0f.%s', now, time[2])

local later, ready = key.later(kind), key.ready(kind)
local due = redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, 1000)
for _, id in ipairs(due) do
  redis.call('LPUSH', ready, id)
  redis.call('ZREM', later, id)
end

local room = math.min(size - redis.call('ZCARD', KEYS[1]), most)
local ids = room > 0 and redis.call('LPOP', ready, room) or {}
local next_due = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')
local answer = { next_due[2] and math.max(tonumber(next_due[2]) - now, 0) or -1, redis.call('LLEN', ready) }
local scored = {}
for i, id in ipairs(ids or {}) do
  local job = id .. '-' .. moment .. '-' .. math.floor((i - 1) / handful)
  scored[#scored + 1] = handed
  scored[#scored + 1] = job
  answer[#answer + 1] = job
end
if #scored > 0 then redis.call('ZADD', KEYS[1], unpack(scored)) end
return answer
