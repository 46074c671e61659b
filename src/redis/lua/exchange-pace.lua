-- A permit to exchange one auth_code. Exchanges are spread evenly over the second; a delay of up to 50 ms is caught up.
-- KEYS 1 when the next exchange is due
-- ARGV 1 exchanges a second
-- Answers how many ms to wait; 0: go.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = tonumber(redis.call('GET', KEYS[1]) or 0)
-- Redis' clock was set back: no exchange waits for the clock to catch up.
if due - now > 100000 + 1000000 / ARGV[1] then due = now end
if due - now > 50000 then return math.ceil((due - now - 50000) / 1000) end
redis.call('SET', KEYS[1], string.format('%.0f', math.max(due, now) + 1000000 / ARGV[1]), 'PX', 60000)
return 0
