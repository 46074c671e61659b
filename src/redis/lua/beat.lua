-- Records that a process is alive. If a receiver comes back after a gap in which pushes may have been lost, notes the gap.
-- KEYS 1 living processes
-- ARGV 1 the process (JSON), 2 how long it counts as alive from now on, in ms (0: it ends), 3 its role, 4 the kind of work of a
--      worker ('' for other processes), 5 how long a time without a receiver may be before it counts as a gap, in ms
-- Answers Redis' clock in ms. A second run finds no gap.
local now, lives = milliseconds(), tonumber(ARGV[2])
forget_the_dead(KEYS[1], now)
if lives > 0 then
  redis.call('ZADD', KEYS[1], now + lives, ARGV[1])
  -- When the last process is gone, the key expires by itself.
  redis.call('PEXPIRE', KEYS[1], LONGEST_LIFE_MS)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('HSET', key.lastSeen(), ARGV[3], now)
if ARGV[4] ~= '' then redis.call('HSET', key.lastSeen(), ARGV[4], now) end
if ARGV[3] ~= 'receiver' then return now end

local last = tonumber(redis.call('GET', key.receiver()) or now)
redis.call('SET', key.receiver(), string.format('%.0f', math.max(now, last)))
if now - last <= tonumber(ARGV[5]) or not somebody_waits() then return now end
-- If an earlier gap was not yet compared with the list of accounts, one comparison covers both gaps.
redis.call('HSETNX', key.outage(), 'from', string.format('%.0f', last))
redis.call('HSET', key.outage(), 'to', string.format('%.0f', now))
return now
