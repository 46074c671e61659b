-- A notice was posted, or is to be posted again later.
-- KEYS 1 the lanes of a destination by when they are due
-- ARGV 1 destination, 2 lane, 3 the notice, 4 pause in ms before it is posted again; -1: it is done with
-- A second run, or one whose lease has ended, does nothing: the notice is not the first of its lane any more.
local notices = key.notices(ARGV[1] .. ':' .. ARGV[2])
local tries, first_try = key.noticeTries(ARGV[1]), key.noticeFirstTry(ARGV[1])
if redis.call('LINDEX', notices, 0) ~= ARGV[3] then return 0 end
local now = milliseconds()
if ARGV[4] ~= '-1' then
  redis.call('HINCRBY', tries, ARGV[2], 1)
  redis.call('HSETNX', first_try, ARGV[2], now)
  redis.call('ZADD', KEYS[1], now + ARGV[4], ARGV[2])
  return 1
end
redis.call('LPOP', notices)
redis.call('HDEL', tries, ARGV[2])
redis.call('HDEL', first_try, ARGV[2])
if redis.call('EXISTS', notices) == 1 then
  redis.call('ZADD', KEYS[1], now, ARGV[2])
else
  redis.call('ZREM', KEYS[1], ARGV[2])
end
return 1
