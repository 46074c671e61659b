-- Takes the notice that has been due for longest. Other delivery workers leave its ordering key alone until the notice is
-- settled or the lease ends, so the notices of a key are posted in order.
-- KEYS 1 the ordering keys of a destination, by the time when they are due
-- ARGV 1 destination, 2 lease in ms, 3 how many notices of the key at most, 4 the time in ms; '': Redis' clock, 5 the longest
--      pause or lease in ms
-- Answers { -1 } if there is no notice, { ms until the next is due }, or
-- { 0, ordering key, failed posts of its first notice, ms since the first of them, how many notices that had, notices … }.
local now, longest = tonumber(ARGV[4]) or milliseconds(), tonumber(ARGV[5])
-- Redis' clock was set back: no notice waits for the clock to catch up.
for _, late in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now + longest, '+inf')) do
  redis.call('ZADD', KEYS[1], now, late)
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[1] then return { -1 } end
local ordering_key = first[1]
local quiet_until = tonumber(redis.call('GET', key.noticeQuiet(ARGV[1])) or 0)
if quiet_until - now > longest then quiet_until = 0 end
local due_in = math.max(tonumber(first[2]), quiet_until) - now
if due_in > 0 then return { due_in } end
redis.call('ZADD', KEYS[1], now + ARGV[2], ordering_key)
local tries = tonumber(redis.call('HGET', key.noticeTries(ARGV[1]), ordering_key) or 0)
local first_try = tonumber(redis.call('HGET', key.noticeFirstTry(ARGV[1]), ordering_key) or now)
local first_count = tonumber(redis.call('HGET', key.noticeFirstCount(ARGV[1]), ordering_key) or 1)
local answer = { 0, ordering_key, tries, now - first_try, first_count }
for _, notice in ipairs(redis.call('LRANGE', key.notices(ARGV[1] .. ':' .. ordering_key), 0, ARGV[3] - 1)) do
  answer[#answer + 1] = notice
end
return answer
