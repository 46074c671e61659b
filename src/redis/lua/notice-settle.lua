-- Settles the first notices of an ordering key: they were posted, or have to be posted again later.
-- KEYS 1 the ordering keys of a destination, by the time when they are due
-- ARGV 1 destination, 2 ordering key, 3 the first notice, 4 pause in ms before it is posted again (-1: it is settled), 5 how many
--      notices were posted, 6 for how many ms nothing is posted to the destination, 7 the destination's answer,
--      8 the time in ms; '': Redis' clock
-- Answers 1, or 0 if the notice is no longer the first of its key: a second run, or a run whose lease has ended, does nothing.
local notices = key.notices(ARGV[1] .. ':' .. ARGV[2])
local tries, first_try, failure = key.noticeTries(ARGV[1]), key.noticeFirstTry(ARGV[1]), key.noticeFailure(ARGV[1])
local first_count = key.noticeFirstCount(ARGV[1])
if redis.call('LINDEX', notices, 0) ~= ARGV[3] then return 0 end
local now, quiet_ms = tonumber(ARGV[8]) or milliseconds(), tonumber(ARGV[6])
if quiet_ms > 0 then redis.call('SET', key.noticeQuiet(ARGV[1]), now + quiet_ms, 'PX', quiet_ms) end
if ARGV[4] ~= '-1' then
  redis.call('HINCRBY', tries, ARGV[2], 1)
  if redis.call('HSETNX', first_try, ARGV[2], now) == 1 then redis.call('HSET', first_count, ARGV[2], ARGV[5]) end
  redis.call('HSET', failure, ARGV[2], ARGV[7])
  redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[2])
  return 1
end
redis.call('LTRIM', notices, ARGV[5], -1)
redis.call('HDEL', tries, ARGV[2])
redis.call('HDEL', first_try, ARGV[2])
redis.call('HDEL', first_count, ARGV[2])
redis.call('HDEL', failure, ARGV[2])
if redis.call('EXISTS', notices) == 1 then
  redis.call('ZADD', KEYS[1], now, ARGV[2])
else
  redis.call('ZREM', KEYS[1], ARGV[2])
end
return 1
