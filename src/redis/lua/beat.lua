-- A process that works shows that it lives. A receiver that is back after a while, during which pushes may have been lost,
-- leaves a note of that.
-- KEYS 1 processes that live
-- ARGV 1 the process (JSON), 2 for how long it counts as alive from now on, in ms; 0: it ends, 3 its role, 4 what a worker runs
--      for ('' for others), 5 how long no receiver may have been seen, in ms
-- Answers 1 where such a gap ended, 0 otherwise. A second run finds no gap.
local now, lives = milliseconds(), tonumber(ARGV[2])
forget_the_dead(KEYS[1], now)
if lives > 0 then
  redis.call('ZADD', KEYS[1], now + lives, ARGV[1])
  -- Nobody has to tidy up where no process is left.
  redis.call('PEXPIRE', KEYS[1], LONGEST_LIFE_MS)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('HSET', key.lastSeen(), ARGV[3], now)
if ARGV[4] ~= '' then redis.call('HSET', key.lastSeen(), ARGV[4], now) end
if ARGV[3] ~= 'receiver' then return 0 end

local last = tonumber(redis.call('GET', key.receiver()) or now)
redis.call('SET', key.receiver(), string.format('%.0f', math.max(now, last)))
if now - last <= tonumber(ARGV[5]) or not somebody_waits() then return 0 end
-- Of two gaps of which nothing was made up for, the list of accounts is read for both.
redis.call('HSETNX', key.outage(), 'from', string.format('%.0f', last))
redis.call('HSET', key.outage(), 'to', string.format('%.0f', now))
return 1
