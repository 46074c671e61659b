-- Mini Programs that registrations have, or had before one more was asked for; of purged merchants, too. Some keys at a time.
-- KEYS 1 any key of ours
-- ARGV 1 where to go on, '0' at first; 2 about how many keys to look at
-- Answers where to go on, '0' at the end, and the appids.
local page = redis.call('SCAN', ARGV[1], 'MATCH', key.registration('*'), 'COUNT', ARGV[2])
local appids = {}
for _, registration in ipairs(page[2]) do
  local now = redis.call('HMGET', registration, 'appid', 'was')
  for appid in string.gmatch((now[1] or '') .. ' ' .. (now[2] or ''), '%S+') do appids[#appids + 1] = appid end
end
return { page[1], appids }
