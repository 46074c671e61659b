-- Takes the notice that has been due for longest. Its lane is closed to others until it is settled or its lease ends, so
-- that the notices of a lane are posted one after the other.
-- KEYS 1 the lanes of a destination by when they are due
-- ARGV 1 destination, 2 lease in ms, 3 how many notices of the lane at most, 4 the time in ms; '': that of Redis
-- Answers { -1 } where there is none, { ms until the next is due }, or
-- { 0, lane, how often its first notice was posted in vain, ms since it first was, notices … }.
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[1] then return { -1 } end
local lane, now = first[1], tonumber(ARGV[4]) or milliseconds()
local quiet_until = tonumber(redis.call('GET', key.noticeQuiet(ARGV[1])) or 0)
local due_in = math.max(tonumber(first[2]), quiet_until) - now
if due_in > 0 then return { due_in } end
redis.call('ZADD', KEYS[1], now + ARGV[2], lane)
local tries = tonumber(redis.call('HGET', key.noticeTries(ARGV[1]), lane) or 0)
local first_try = tonumber(redis.call('HGET', key.noticeFirstTry(ARGV[1]), lane) or now)
local answer = { 0, lane, tries, now - first_try }
for _, notice in ipairs(redis.call('LRANGE', key.notices(ARGV[1] .. ':' .. lane), 0, ARGV[3] - 1)) do
  answer[#answer + 1] = notice
end
return answer
