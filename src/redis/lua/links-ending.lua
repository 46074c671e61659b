-- Takes registrations whose link ends soon, so that somebody is reminded once.
-- KEYS 1 links of whose end nobody was reminded yet
-- ARGV 1 until when they end, in ms since 1970
-- Answers registrations, 1000 at most.
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1000)
for _, id in ipairs(ids) do redis.call('ZREM', KEYS[1], id) end
return ids
