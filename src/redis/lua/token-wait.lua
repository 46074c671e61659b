-- Records that there is no component access token, and why. If WeChat cannot be reached, each further wait is longer.
-- KEYS 1 token-wait
-- ARGV 1 why, 2 what came instead of an answer, 3 how long to wait, in ms, 4 the longest wait if waits double; 0: they do not
-- Answers { how long to wait, in ms, 1 if this is the first wait for this reason, else 0 }. One process asks for all: if another
-- process has asked meanwhile, its wait holds, so a second run changes nothing.
local now = milliseconds()
local before = redis.call('HMGET', KEYS[1], 'why', 'tries', 'since', 'until')
local is_same = before[1] == ARGV[1]
if is_same and before[4] and tonumber(before[4]) > now then return { before[4] - now, 0 } end
local tries = is_same and before[2] + 1 or 1
local ms, most = tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('HSET', KEYS[1], 'why', ARGV[1], 'said', ARGV[2], 'tries', tries, 'since', is_same and before[3] or now)
if most == 0 then
  -- A wakeup ends this wait, so no process is prevented from asking.
  redis.call('HDEL', KEYS[1], 'until')
else
  ms = math.floor(math.min(ms * 2 ^ math.min(tries - 1, 40), math.max(ms, most)))
  redis.call('HSET', KEYS[1], 'until', now + ms)
end
-- If no worker is left to ask again, the reason expires.
redis.call('PEXPIRE', KEYS[1], ms + 60000)
return { ms, tries == 1 and 1 or 0 }
