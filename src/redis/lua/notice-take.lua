-- Takes the notice that has been due for longest. Its lane is closed to others until it is settled or its lease ends, so
-- that the notices of a lane are posted one after the other.
-- KEYS 1 the lanes of a destination by when they are due
-- ARGV 1 destination, 2 lease in ms
-- Answers { -1 } where there is none, { ms until the next is due }, or
-- { 0, lane, notice, how often it was posted in vain, ms since it first was }.
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[1] then return { -1 } end
local lane, now = first[1], milliseconds()
local due_in = tonumber(first[2]) - now
if due_in > 0 then return { due_in } end
local notice = redis.call('LINDEX', key.notices(ARGV[1] .. ':' .. lane), 0)
redis.call('ZADD', KEYS[1], now + ARGV[2], lane)
local tries = tonumber(redis.call('HGET', key.noticeTries(ARGV[1]), lane) or 0)
local first_try = tonumber(redis.call('HGET', key.noticeFirstTry(ARGV[1]), lane) or now)
return { 0, lane, notice, tries, now - first_try }
