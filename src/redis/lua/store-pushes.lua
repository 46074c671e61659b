-- Stores pushes in their order, with what is counted of them; the newest verify ticket is kept apart.
-- KEYS 1 the stream of pushes
-- ARGV 1 segment of the spool that they come from ('' where they come from outside), 2 how many of it are over already,
--      3 upper bounds of the counts of lag, in seconds,
--      4 "ms most most-old": how long and how many signatures are remembered, and how many old pushes are parked,
--      5 the newest ticket among them ('' for none), 6 when it was created, 7 when it came, in ms,
--      8… three of each push: "received created field signature age InfoType" (ms, `-` where unknown; name of the body's
--      field; `-` where it may be stored again; `old` or `-`), query, body
-- A signature that is known stores nothing: its push is stored. An old push is parked, while there is room, and no reader of
-- the stream sees it.
-- Answers how many of the segment are over now. Where that is not what ARGV 2 says, nothing was done: a run whose
-- answer was lost stored them.
-- A segment is deleted as soon as it is stored; two processes may be at it.
local SEGMENT_SECONDS = 7 * 86400
local segment, over = ARGV[1], tonumber(ARGV[2])
if segment ~= '' then
  local known = tonumber(redis.call('GET', key.spooled(segment)) or 0)
  if known ~= over then return known end
end

local remembered_ms, most_remembered, most_old = string.match(ARGV[4], '^(%d+) (%d+) (%d+)$')
local lag_bounds = {}
for seconds in string.gmatch(ARGV[3], '%d+') do lag_bounds[#lag_bounds + 1] = tonumber(seconds) end

-- The stream's ids are unique, and this one is used nowhere else.
local function park(received, info_type, query, as, body)
  if redis.call('HLEN', key.old()) >= tonumber(most_old) then return end
  local id = redis.call('XADD', KEYS[1], '*', 'at', received)
  redis.call('XDEL', KEYS[1], id)
  local kept = { why = 'old', at = tonumber(received), type = info_type, query = query, as = as, body = body }
  redis.call('HSET', key.old(), id, cjson.encode(kept))
end

local counts, lags, lag_sum, repeated, newest = {}, {}, 0, 0, 0
for i = 8, #ARGV, 3 do
  local received, created, as, signature, age, info_type = string.match(ARGV[i], '^(%d+) (%S+) (%S+) (%S+) (%S+) (.*)$')
  local is_new = signature == '-' or redis.call('ZADD', key.signatures(), 'NX', received, signature) == 1
  newest = math.max(newest, tonumber(received))
  if not is_new then
    repeated = repeated + 1
  elseif age == 'old' then
    park(received, info_type, ARGV[i + 1], as, ARGV[i + 2])
  else
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
  end
  over = over + 1
end

if segment ~= '' then redis.call('SET', key.spooled(segment), over, 'EX', SEGMENT_SECONDS) end
for info_type, count in pairs(counts) do redis.call('HINCRBY', key.pushCounts(), info_type .. '|stored', count) end
for bound, count in pairs(lags) do redis.call('HINCRBY', key.pushLag(), bound, count) end
if lag_sum > 0 then redis.call('HINCRBY', key.pushLag(), 'sum', lag_sum) end
if repeated > 0 then redis.call('HINCRBY', key.refused(), 'repeated', repeated) end
redis.call('ZREMRANGEBYSCORE', key.signatures(), '-inf', newest - remembered_ms)
redis.call('ZREMRANGEBYRANK', key.signatures(), 0, -tonumber(most_remembered) - 1)
-- The ticket never goes backwards.
if ARGV[5] ~= '' and tonumber(ARGV[6]) >= tonumber(redis.call('HGET', key.ticket(), 'createdAt') or 0) then
  redis.call('HSET', key.ticket(), 'value', ARGV[5], 'createdAt', ARGV[6], 'receivedAt', ARGV[7])
  ring('token')
end
return over
