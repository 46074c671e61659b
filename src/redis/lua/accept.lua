-- Accepts rows of a batch: stores each, and makes, joins or re-opens the registration of its merchant.
-- KEYS 1 batch
-- ARGV 1 batch id, 2 index of the first row, 3 policy (JSON), 4 what re-opening does (JSON: set, del), 5 now in ms,
--      6… pairs of registration ('' where our checks refused the row; with the one before the row was corrected behind a
--      space, if it was) and packed row
-- policy: by `state/open` or `state/closed`, 'joins' or 'again'; `open`: WeChat may be running a task of ours; of what is
-- created: its auth_code waits to be exchanged
-- A page that was accepted already (the same file again, or a lost answer) is passed over.
-- Answers how many rows the batch has now.
local batch, first = ARGV[1], tonumber(ARGV[2])
local accepted = tonumber(redis.call('HGET', KEYS[1], 'rows') or 0)
-- A page whose forerunner was lost must not take its place.
if first > accepted then return accepted end
local policy, again = cjson.decode(ARGV[3]), cjson.decode(ARGV[4])
local counts, delta, ready = key.counts(batch), {}, {}
local pushes_wait = redis.call('EXISTS', key.awaited()) == 1

local function count(name) delta[name] = (delta[name] or 0) + 1 end

-- `seen`: rows of batches that found it created already.
local function settle_rows_of_the_old_attempt(registration, row, also, seen)
  local fields = redis.call('HMGET', registration, unpack(again.shown))
  for i = 1, #again.shown do fields[i] = fields[i] or '' end
  local outcome = table.concat(fields, '\31')
  for pointer in string.gmatch(row .. ' ' .. (also or '') .. ' ' .. (seen or ''), '%S+') do
    local of, index = row_of(pointer)
    -- Nothing is left to settle of a batch that was purged.
    if redis.call('EXISTS', key.rows(of .. ':' .. math.floor(index / ROWS_PER_PAGE))) == 1 then
      redis.call('HSET', key.settled(of), index, outcome)
    end
  end
end

-- A corrected row is another merchant to WeChat. What it was stays as it is; each names the other.
local function link(id, earlier)
  if earlier == '' or redis.call('EXISTS', key.registration(earlier)) == 0 then return end
  redis.call('HSET', key.registration(id), 'from', earlier)
  redis.call('HSET', key.registration(earlier), 'became', id)
end

-- What this row is to its registration: r… its own, d…|index a duplicate of that row, a… created before this batch.
local function accept(id, pointer, earlier)
  local registration = key.registration(id)
  if redis.call('EXISTS', registration) == 0 then
    redis.call('HSET', registration, 's', 'queued', 'row', pointer)
    count_change(key.states(), nil, 'queued')
    link(id, earlier)
    if pushes_wait then unpark_for(id) end
    ready[#ready + 1] = id
    count('queued')
    return 'r' .. id
  end
  local now = redis.call('HMGET', registration, 's', 'row', 'also', 'task', 'earlier', 'wait', 'until', 'code', 'appid', 'was', 'seen')
  local state, row, also = now[1], now[2], now[3]
  for other in string.gmatch(row .. ' ' .. (also or ''), '%S+') do
    local of, index = row_of(other)
    if of == batch then
      count('duplicate')
      return 'd' .. id .. '|' .. index
    end
  end
  -- What an earlier sheet keeps behind its first rows is sent as this one is: whoever loads it wants that. It is a row of
  -- this one then, so that the canaries of the earlier one stay those that it has sent ahead.
  if state == 'queued' and keep_no_longer(row_of(row), id) then
    redis.call('HSET', registration, 'row', pointer, 'also', row .. (also and ' ' .. also or ''))
    ready[#ready + 1] = id
    count('queued')
    return 'r' .. id
  end
  local open = now[4] == 'open' or now[5] == 'open'
  if state == 'created' then open = now[8] end
  local effect = policy[state .. (open and '/open' or '/closed')]
  if state == 'created' and (effect == 'joins' or redis.call('HEXISTS', key.firsts(batch), id) == 1) then
    local _, own = row_of(pointer)
    if redis.call('HSETNX', key.firsts(batch), id, own) == 0 then
      count('duplicate')
      return 'd' .. id .. '|' .. redis.call('HGET', key.firsts(batch), id)
    end
    redis.call('HSET', registration, 'seen', (now[11] and now[11] .. ' ' or '') .. pointer)
    count('already_created')
    return 'a' .. id
  end
  if effect == 'again' then
    settle_rows_of_the_old_attempt(registration, row, also, now[11])
    redis.call('HDEL', registration, 'seen', unpack(again.del))
    if now[9] then redis.call('HSET', registration, 'was', (now[10] and now[10] .. ' ' or '') .. now[9]) end
    link(id, earlier)
    local at, not_before = tonumber(ARGV[5]), tonumber(now[7])
    local entry = { kind = 'row_accepted', at = at, row = pointer, to = 'queued', again = state == 'created' or nil }
    if not_before and not_before > at then
      entry.to, entry.wait, entry['until'] = 'deferred', 'not_before', not_before
      redis.call('HSET', registration, 's', 'deferred', 'row', pointer, 'wait', 'not_before', 'until', now[7])
      redis.call('ZADD', key.later('submit'), now[7], id)
      count(counted_as('deferred', 'not_before'))
      count_change(key.states(), state, 'deferred')
    else
      redis.call('HSET', registration, 's', 'queued', 'row', pointer)
      ready[#ready + 1] = id
      count('queued')
      count_change(key.states(), state, 'queued')
    end
    redis.call('RPUSH', key.history(id), cjson.encode(entry))
    return 'r' .. id
  end
  redis.call('HSET', registration, 'also', (also and also .. ' ' or '') .. pointer)
  count(counted_as(state, now[6]))
  return 'r' .. id
end

-- Rows of one page of the batch, stored together.
local kept_rows = {}
local function store()
  if #kept_rows == 0 then return end
  redis.call('RPUSH', key.rows(batch .. ':' .. math.floor((accepted - 1) / ROWS_PER_PAGE)), unpack(kept_rows))
  kept_rows = {}
end

for i = 6, #ARGV, 2 do
  local index = first + (i - 6) / 2
  if index >= accepted then
    local relation = 'i'
    if ARGV[i] == '' then
      count('invalid')
    else
      local id, earlier = string.match(ARGV[i], '^(%S+) ?(%S*)$')
      relation = accept(id, batch .. '/' .. index, earlier)
    end
    if index % ROWS_PER_PAGE == 0 then store() end
    kept_rows[#kept_rows + 1] = relation .. '\n' .. ARGV[i + 1]
    accepted = index + 1
  end
end
store()

redis.call('HSET', KEYS[1], 'rows', accepted)
for name, n in pairs(delta) do redis.call('HINCRBY', counts, name, n) end
write_changes()
local canaries = tonumber(redis.call('HGET', KEYS[1], 'canaries') or 0)
if canaries == 0 and #ready > 0 then
  redis.call('RPUSH', key.ready('submit'), unpack(ready))
end
for _, id in ipairs(canaries > 0 and ready or {}) do
  local place = redis.call('HINCRBY', KEYS[1], 'canaries/sent', 1)
  if place > canaries then
    keep(batch, place, id)
  else
    redis.call('RPUSH', key.ready('submit'), id)
  end
end
if #ready > 0 then ring('ready') end
return accepted
