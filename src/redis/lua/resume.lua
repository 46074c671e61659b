-- Lets the line run again, whoever paused it and whatever stopped it. After a fault it is half-open: one create goes first, as
-- the probe, and searches go beside it (acquire.lua, record).
-- KEYS 1 line
-- ARGV states of registrations that are to be sent
-- Answers 'running' (it was not stopped), 'resumed', or 'probe'. Run twice, it does nothing more: the line runs, or waits for
-- its probe.
-- Somebody has changed something: who waits for a token, or was issued none, asks for one at once.
if redis.call('HDEL', key.tokenWait(), 'until') + redis.call('DEL', key.tokenRefusal()) > 0 then wake('token') end
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'running' end
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
local is_idle = nobody or ready_to_be_sent() <= 0
redis.call('HDEL', KEYS[1], 'paused')
local to = next_line(state, is_idle and 'resumed_idle' or 'resumed')
enter_line_state(to)
return to == 'running' and 'resumed' or 'probe'
