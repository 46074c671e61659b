-- Lets the line run again, whoever paused it and whatever stopped it. A fault is taken for mended on trial: one create goes
-- first, to see whether it is, and searches go beside it (acquire.lua, record).
-- KEYS 1 line
-- ARGV states of registrations that are to be sent
-- Answers 'running', 'open', or 'canary'. Run twice, it answers the same: the line is open, or waits for its canary.
-- Somebody has changed something: who waits for a token, or was issued none, asks for one at once.
if redis.call('HDEL', key.tokenWait(), 'until') + redis.call('DEL', key.tokenRefusal()) > 0 then wake('token') end
local problem = redis.call('HGET', KEYS[1], 'problem')
if not problem then return 'running' end
redis.call('DEL', key.repeatedErrors('create'), key.repeatedErrors('search'))

-- How many can be sent at once. Those that were cancelled stay in the list of what is ready, so its length does not tell.
local function ready_to_be_sent()
  local count = -redis.call('ZCARD', key.scheduled('submit'))
  for _, state in ipairs(ARGV) do count = count + (redis.call('HGET', key.states(), state) or 0) end
  for _, batch in ipairs(redis.call('SMEMBERS', key.heldBatches())) do
    count = count - redis.call('ZCARD', key.held(batch))
  end
  return count
end

local nobody = redis.call('LLEN', key.ready('submit')) + redis.call('ZCARD', key.window('submit')) == 0
if nobody or is_pause(problem) or ready_to_be_sent() <= 0 then
  redis.call('DEL', KEYS[1])
  wake('line')
  return 'open'
end
redis.call('HDEL', KEYS[1], 'paused', 'deadline')
redis.call('HSET', KEYS[1], 'canary', 'wanted')
wake('line')
return 'canary'
