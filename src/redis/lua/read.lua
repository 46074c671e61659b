-- Reads a registration with the row whose details are sent.
-- KEYS 1 registration
-- ARGV 1 id, 2… names of the hash fields
-- Answers nil where there is none, else { steps, now in ms, row or '', fields… }; steps is the length of its history.
local id = ARGV[1]
local fields = redis.call('HMGET', KEYS[1], unpack(ARGV, 2))
local pointer = redis.call('HGET', KEYS[1], 'row')
if not pointer then return nil end
local answer = { redis.call('LLEN', key.history(id)), milliseconds(), row_at(pointer) or '' }
for i = 1, #ARGV - 1 do answer[i + 3] = fields[i] end
return answer
