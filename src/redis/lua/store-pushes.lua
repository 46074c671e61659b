-- Stores pushes in their order, and counts them; the newest verify ticket is stored by itself.
-- KEYS 1 the stream of pushes
-- ARGV 1 segment of the spool from which they come ('' if they come from WeChat directly), 2 how many pushes of the segment are
--      stored already, 3 upper bounds of the counts of lag, in seconds,
--      4 "day days most most-old": the day of storing, in days since 1970; for how many days signatures are kept, how many a day
--      at most; how many old pushes are parked at most,
--      5 the newest ticket among them, its mark and the sealed text ('' for none), 6 when it was created, in ms, 7 how long
--      ago it came, in ms,
--      8 their signatures, one after the other, 40 characters each; spaces for a push that may be stored again,
--      9 a line of each push: "received created field age a b c" (ms, `-` if unknown; name of the body's field; `old` or `-`; bytes of
--      its InfoType, query and body), 10 InfoType and query of one push after the other, 11 the bodies, one after the other
-- A push with a known signature is stored already and is skipped. An old push is parked while there is room, and does not enter
-- the stream.
-- Answers how many pushes of the segment are stored now. If this differs from ARGV 2 before the run, nothing was done: a run
-- whose answer was lost has stored them.
-- A segment is deleted as soon as it is stored; two processes may work on the same segment.
local SEGMENT_SECONDS, DAY_SECONDS = 7 * 86400, 86400
local segment, over = ARGV[1], tonumber(ARGV[2])
if segment ~= '' then
  local known = tonumber(redis.call('GET', key.spooled(segment)) or 0)
  if known ~= over then return known end
end

local day, days, most_of_a_day, most_old = string.match(ARGV[4], '^(%d+) (%d+) (%d+) (%d+)$')
local lag_bounds = {}
for seconds in string.gmatch(ARGV[3], '%d+') do lag_bounds[#lag_bounds + 1] = tonumber(seconds) end

-- A command for each signature would cost as much as storing the push. Lua passes a few thousand arguments at most.
local function in_parts(list, call)
  for first = 1, #list, 1000 do call(first, math.min(first + 999, #list)) end
end

local signatures, known, noted = {}, {}, {}
for at = 1, #ARGV[8], 40 do signatures[#signatures + 1] = string.sub(ARGV[8], at, at + 39) end
if #signatures > 0 then
  for back = 0, tonumber(days) do
    local set = key.signatures(day - back)
    if redis.call('EXISTS', set) == 1 then
      in_parts(signatures, function(first, last)
        local are = redis.call('SMISMEMBER', set, unpack(signatures, first, last))
        for n = first, last do
          if are[n - first + 1] == 1 then known[signatures[n]] = true end
        end
      end)
    end
  end
end

-- An id that is unique: the stream gave it, and its entry is deleted again.
local function park(received, info_type, query, as, body)
  if redis.call('HLEN', key.old()) >= tonumber(most_old) then return end
  local id = redis.call('XADD', KEYS[1], '*', 'at', received)
  redis.call('XDEL', KEYS[1], id)
  local kept = { why = 'old', at = tonumber(received), type = info_type, query = query, as = as, body = body }
  redis.call('HSET', key.old(), id, cjson.encode(kept))
end

local counts, lags, lag_sum, repeated = {}, {}, 0, 0
local text_at, body_at, n = 1, 1, 0
local function next_text(bytes)
  text_at = text_at + bytes
  return string.sub(ARGV[10], text_at - bytes, text_at - 1)
end
for head in string.gmatch(ARGV[9], '[^\n]+') do
  n = n + 1
  local signature = signatures[n]
  local received, created, as, age, a, b, c = string.match(head, '^(%d+) (%S+) (%S+) (%S+) (%d+) (%d+) (%d+)$')
  local info_type, query = next_text(a), next_text(b)
  body_at = body_at + c
  local body = string.sub(ARGV[11], body_at - c, body_at - 1)
  if known[signature] then
    repeated = repeated + 1
  else
    if string.byte(signature) ~= 32 then
      known[signature] = true
      noted[#noted + 1] = signature
    end
    if age == 'old' then
      park(received, info_type, query, as, body)
    else
      redis.call('XADD', KEYS[1], '*', 'at', received, 'type', info_type, 'query', query, as, body)
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
  end
  over = over + 1
end

local of_today = #noted > 0 and redis.call('SCARD', key.signatures(day)) or 0
if #noted > 0 and of_today < tonumber(most_of_a_day) then
  in_parts(noted, function(first, last) redis.call('SADD', key.signatures(day), unpack(noted, first, last)) end)
  if of_today == 0 then redis.call('EXPIRE', key.signatures(day), (days + 1) * DAY_SECONDS) end
end
if segment ~= '' then redis.call('SET', key.spooled(segment), over, 'EX', SEGMENT_SECONDS) end
if next(counts) then redis.call('HSET', key.lastSeen(), 'push', milliseconds()) end
for info_type, count in pairs(counts) do redis.call('HINCRBY', key.pushCounts(), info_type .. '|stored', count) end
for bound, count in pairs(lags) do redis.call('HINCRBY', key.pushLag(), bound, count) end
if lag_sum > 0 then redis.call('HINCRBY', key.pushLag(), 'sum', lag_sum) end
if repeated > 0 then redis.call('HINCRBY', key.refused(), 'repeated', repeated) end
-- An older ticket never replaces a newer one.
if ARGV[5] ~= '' and tonumber(ARGV[6]) >= tonumber(redis.call('HGET', key.ticket(), 'createdAt') or 0) then
  local mark, sealed = string.match(ARGV[5], '^(%S+) (.*)$')
  redis.call('HSET', key.ticket(), 'value', sealed, 'mark', mark, 'createdAt', ARGV[6],
    'receivedAt', string.format('%.0f', milliseconds() - ARGV[7]))
  wake('token')
end
return over
