-- Notes that there is no component access token, and why. Waits for somebody who cannot be reached grow.
-- KEYS 1 token-wait
-- ARGV 1 why, 2 what came instead of an answer, 3 how long to wait, in ms, 4 how long at most where the wait doubles with
--      each time; 0: it does not
-- Answers { how long to wait, in ms, 1 where nobody has said so yet, else 0 }. One process asks for all: where another one
-- has asked meanwhile, its wait holds, so that a second run changes nothing.
local now = milliseconds()
local before = redis.call('HMGET', KEYS[1], 'why', 'tries', 'since', 'until')
local is_same = before[1] == ARGV[1]
if is_same and before[4] and tonumber(before[4]) > now then return { before[4] - now, 0 } end
local tries = is_same and before[2] + 1 or 1
local ms, most = tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('HSET', KEYS[1], 'why', ARGV[1], 'said', ARGV[2], 'tries', tries, 'since', is_same and before[3] or now)
if most == 0 then
  -- It ends with a wakeup, so no process is kept from asking.
  redis.call('HDEL', KEYS[1], 'until')
else
  ms = math.floor(math.min(ms * 2 ^ math.min(tries - 1, 40), math.max(ms, most)))
  redis.call('HSET', KEYS[1], 'until', now + ms)
end
-- Where no worker is left that would ask again, nobody waits.
redis.call('PEXPIRE', KEYS[1], ms + 60000)
return { ms, tries == 1 and 1 or 0 }
