-- Stores pushes in their order, with what is counted of them; the newest verify ticket is kept apart.
-- KEYS 1 the stream of pushes
-- ARGV 1 segment of the spool that they come from ('' where they come from outside), 2 how many of it are stored already,
--      3 upper bounds of the counts of lag, in seconds, 4 the newest ticket among them ('' for none), 5 when it was
--      created, 6 when it came, in ms,
--      7… three of each push: "received created field InfoType" (ms, `-` where unknown; name of the body's field), query, body
-- Answers how many of the segment are stored now. Where that is not what ARGV 2 says, nothing was done: a run whose
-- answer was lost stored them.
-- A segment is deleted as soon as it is stored; two processes may be at it.
local SEGMENT_SECONDS = 7 * 86400
local segment, stored = ARGV[1], tonumber(ARGV[2])
if segment ~= '' then
  local known = tonumber(redis.call('GET', key.spooled(segment)) or 0)
  if known ~= stored then return known end
end

local lag_bounds = {}
for seconds in string.gmatch(ARGV[3], '%d+') do lag_bounds[#lag_bounds + 1] = tonumber(seconds) end

local counts, lags, lag_sum = {}, {}, 0
for i = 7, #ARGV, 3 do
  local received, created, as, info_type = string.match(ARGV[i], '^(%d+) (%S+) (%S+) (.*)$')
  redis.call('XADD', KEYS[1], '*', 'at', received, 'type', info_type, 'query', ARGV[i + 1], as, ARGV[i + 2])
  counts[info_type] = (counts[info_type] or 0) + 1
  if created ~= '-' then
    local lag = math.max(received - created, 0)
    local bound = 'inf'
    for _, seconds in ipairs(lag_bounds) do
      if lag <= seconds * 1000 then
        bound = seconds
        break
      end
    end
    lags[bound] = (lags[bound] or 0) + 1
    lag_sum = lag_sum + lag
  end
  stored = stored + 1
end

if segment ~= '' then redis.call('SET', key.spooled(segment), stored, 'EX', SEGMENT_SECONDS) end
for info_type, count in pairs(counts) do redis.call('HINCRBY', key.pushCounts(), info_type .. '|stored', count) end
for bound, count in pairs(lags) do redis.call('HINCRBY', key.pushLag(), bound, count) end
if lag_sum > 0 then redis.call('HINCRBY', key.pushLag(), 'sum', lag_sum) end
-- The ticket never goes backwards.
if ARGV[4] ~= '' and tonumber(ARGV[5]) >= tonumber(redis.call('HGET', key.ticket(), 'createdAt') or 0) then
  redis.call('HSET', key.ticket(), 'value', ARGV[4], 'createdAt', ARGV[5], 'receivedAt', ARGV[6])
  ring('token')
end
return stored
