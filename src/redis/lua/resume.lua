-- Resumes the line, whatever stopped or paused it, or only from the stop that a person was shown. After a fault the line is half-open:
-- one create is sent first, as the probe, and searches are sent beside it (acquire.lua, record).
-- KEYS 1 line
-- ARGV 1 the stop that was shown ('' if the line ran, or its stop has no name); absent: whatever it is
-- Answers 'running' (it was not stopped), 'resumed', 'probe', or 'changed': another stop or pause came since. A second run changes
-- nothing: the line runs, or waits for its probe.

local state = redis.call('HGET', KEYS[1], 'state')
if ARGV[1] and (redis.call('HGET', KEYS[1], 'stop') or '') ~= ARGV[1] then return state and 'changed' or 'running' end
-- The person may have fixed the cause. Processes that wait for a token, or were refused one, request a token at once.
if redis.call('HDEL', key.tokenWait(), 'until') + redis.call('DEL', key.tokenRefusal()) > 0 then wake('token') end
if not state then return 'running' end
redis.call('DEL', key.repeatedErrors('create'), key.repeatedErrors('search'))

redis.call('HDEL', KEYS[1], 'paused')
local to = next_line(state, no_create_waits() and 'resumed_idle' or 'resumed')
enter_line_state(to)
return to == 'running' and 'resumed' or 'probe'
