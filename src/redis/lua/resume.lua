-- Resumes the line, whatever stopped or paused it. After a fault the line is half-open: one create is sent first, as the probe,
-- and searches are sent beside it (acquire.lua, record).
-- KEYS 1 line
-- ARGV states of registrations that are ready to be sent
-- Answers 'running' (it was not stopped), 'resumed', or 'probe'. A second run changes nothing: the line runs, or waits for its
-- probe.

-- The person may have fixed the cause. Processes that wait for a token, or were refused one, request a token at once.
if redis.call('HDEL', key.tokenWait(), 'until') + redis.call('DEL', key.tokenRefusal()) > 0 then wake('token') end
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return 'running' end
redis.call('DEL', key.repeatedErrors('create'), key.repeatedErrors('search'))

-- How many registrations can be sent now. Cancelled ones stay in the list of ready registrations, so its length is not enough.
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
