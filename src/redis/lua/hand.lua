-- Takes what is due and what is ready, as far as the window has room, to be handed to BullMQ. What is taken stays in the
-- window until a worker has done it, so that a crash between this step and BullMQ loses nothing.
-- KEYS 1 the window of this kind
-- ARGV 1 kind of work, 2 how many jobs the window holds, 3 how many to take at most, 4 how many make a handful
-- Answers { in how many ms the next one is due, by this clock, or -1, how many are still ready, jobs… }; a job is `registration-handful`,
-- and a handful `moment-number`, the moment being that of its handing in µs: BullMQ passes over a handful whose name it
-- has, also while a worker that gave a registration back a moment ago is not done with the old one.
local kind, size, most, handful = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local now = milliseconds()
local moment = table.concat(redis.call('TIME'), '.')

local later, ready = key.later(kind), key.ready(kind)
local due = redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, 1000)
for _, id in ipairs(due) do
  redis.call('LPUSH', ready, id)
  redis.call('ZREM', later, id)
end

local room = math.min(size - redis.call('ZCARD', KEYS[1]), most)
local ids = room > 0 and redis.call('LPOP', ready, room) or {}
local next_due = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')
local answer = { next_due[2] and math.max(next_due[2] - now, 0) or -1, redis.call('LLEN', ready) }
local scored = {}
for i, id in ipairs(ids or {}) do
  local job = id .. '-' .. moment .. '-' .. math.floor((i - 1) / handful)
  scored[#scored + 1] = now
  scored[#scored + 1] = job
  answer[#answer + 1] = job
end
if #scored > 0 then redis.call('ZADD', KEYS[1], unpack(scored)) end
return answer
