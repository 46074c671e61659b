-- Counts the calls that were let through lately. The list may have tens of thousands: it is halved until the place is found.
-- KEYS 1 the last calls, the newest first
-- ARGV 1 how far back, in ms
-- Answers how many.
local time = redis.call('TIME')
local since = time[1] * 1000000 + time[2] - ARGV[1] * 1000
local from, to = 0, redis.call('LLEN', KEYS[1])
while from < to do
  local middle = math.floor((from + to) / 2)
  if tonumber(string.match(redis.call('LINDEX', KEYS[1], middle), '^%d+')) > since then
    from = middle + 1
  else
    to = middle
  end
end
return from
