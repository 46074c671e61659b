-- Stores pushes in their order, with what is counted of them; the newest verify ticket is kept apart.
-- KEYS 1 the stream of pushes
-- ARGV 1 segment of the spool that they come from ('' where they come from outside), 2 how many of it are stored already,
--      3… seven of each push: received (ms), created (ms; '' where unknown), InfoType, query, name of the body's field,
--         body, ticket ('' where it is none)
-- Answers how many of the segment are stored now. Where that is not what ARGV 2 says, nothing was done: a run whose
-- answer was lost stored them.
local LAG_SECONDS = { 1, 2, 5, 10, 30, 60, 300, 900, 3600 }
-- A segment is deleted as soon as it is stored; two processes may be at it.
local SEGMENT_SECONDS = 7 * 86400
local segment, stored = ARGV[1], tonumber(ARGV[2])
if segment ~= '' then
  local known = tonumber(redis.call('GET', key.spooled(segment)) or 0)
  if known ~= stored then return known end
end

local counts, lags, lag_sum, newest = {}, {}, 0, nil
for i = 3, #ARGV, 7 do
  local received, created, info_type, ticket = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 6]
  redis.call('XADD', KEYS[1], '*', 'at', received, 'type', info_type, 'query', ARGV[i + 3], ARGV[i + 4], ARGV[i + 5])
  counts[info_type] = (counts[info_type] or 0) + 1
  if created ~= '' then
    local lag = math.max(received - created, 0)
    local bound = 'inf'
    for _, seconds in ipairs(LAG_SECONDS) do
      if lag <= seconds * 1000 then
        bound = seconds
        break
      end
    end
    lags[bound] = (lags[bound] or 0) + 1
    lag_sum = lag_sum + lag
  end
  if ticket ~= '' then
    local at = tonumber(created ~= '' and created or received)
    if not newest or at >= newest.at then newest = { at = at, value = ticket, received = received } end
  end
  stored = stored + 1
end

if segment ~= '' then redis.call('SET', key.spooled(segment), stored, 'EX', SEGMENT_SECONDS) end
for info_type, count in pairs(counts) do redis.call('HINCRBY', key.pushCounts(), info_type .. '|stored', count) end
for bound, count in pairs(lags) do redis.call('HINCRBY', key.pushLag(), bound, count) end
if lag_sum > 0 then redis.call('HINCRBY', key.pushLag(), 'sum', lag_sum) end
-- The ticket never goes backwards.
if newest and newest.at >= tonumber(redis.call('HGET', key.ticket(), 'createdAt') or 0) then
  redis.call('DEL', key.tokenWait())
  redis.call('HSET', key.ticket(), 'value', newest.value, 'createdAt', newest.at, 'receivedAt', newest.received)
  ring('token')
end
return stored
