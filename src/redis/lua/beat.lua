-- A receiver lives. One that is back after a while, during which pushes may have been lost, leaves a note of that.
-- KEYS 1 when a receiver was last seen
-- ARGV 1 how long nobody may have been seen, in ms
-- Answers 1 where such a gap ended, 0 otherwise. A second run finds no gap.
local now = milliseconds()
local last = tonumber(redis.call('GET', KEYS[1]) or now)
redis.call('SET', KEYS[1], string.format('%.0f', math.max(now, last)))
if now - last <= tonumber(ARGV[1]) or not somebody_waits() then return 0 end
-- Of two gaps of which nothing was made up for, the list of accounts is read for both.
redis.call('HSETNX', key.outage(), 'from', string.format('%.0f', last))
redis.call('HSET', key.outage(), 'to', string.format('%.0f', now))
return 1
