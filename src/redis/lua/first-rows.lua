-- The first rows of a batch, its canaries, and the registrations held back behind them; loaded with every script.

-- heldBatches names the batches that hold registrations back, so that counting these does not read every batch.
local function hold_back(batch, place, id)
  redis.call('ZADD', key.held(batch), place, id)
  redis.call('SADD', key.heldBatches(), batch)
end

local function after_one_less(batch)
  if redis.call('EXISTS', key.held(batch)) == 0 then redis.call('SREM', key.heldBatches(), batch) end
end

-- Returns whether it was held back.
local function no_longer_held(batch, id)
  if redis.call('ZREM', key.held(batch), id) == 0 then return false end
  after_one_less(batch)
  return true
end

local function release_held(batch, count)
  for _ = 1, count do
    local id = redis.call('ZPOPMIN', key.held(batch))[1]
    if not id then return end
    redis.call('RPUSH', key.ready('submit'), id)
  end
  after_one_less(batch)
  wake('ready')
end

-- The next row of the batch becomes a canary: one that is held back or, while the batch is loaded, one that comes (accept.lua).
local function next_canary(batch)
  if redis.call('EXISTS', key.held(batch)) == 1 then return release_held(batch, 1) end
  redis.call('HINCRBY', key.batch(batch), 'canaries/vacant', 1)
end

local canaries_of = {}

-- A batch with canaries sends that many rows first, and the rest once that many were accepted. A canary that is not accepted is
-- replaced by the next row, so that the number accepted or under way stays the same. If that many are refused, the line stops.
local function batch_after_canary(id, pointer, state, at, verdict)
  verdict = verdict or VERDICT_OF[state]
  if not verdict then return end
  local batch = row_of(pointer)
  local canaries = canaries_of[batch] or tonumber(redis.call('HGET', key.batch(batch), 'canaries') or 0)
  canaries_of[batch] = canaries
  if canaries == 0 then return end
  -- It was held back, so it was not a canary.
  if no_longer_held(batch, id) then return end
  -- Only the first verdict counts: an accepted canary may be rejected a day later.
  if redis.call('HGET', key.registration(id), field.canaryOf) == batch then return end
  if verdict == 'withdrawn' then return next_canary(batch) end
  redis.call('HSET', key.registration(id), field.canaryOf, batch)
  local times = redis.call('HINCRBY', key.batch(batch), 'canaries/' .. verdict, 1)
  if verdict == 'refused' then
    next_canary(batch)
    if times < canaries then return end
    redis.call('HSET', key.batch(batch), 'canaries/refused', 0)
    stop_line({ because = canaries .. ' of the first rows were refused', problem = 'batch:canaries', at = at })
  elseif times >= canaries then
    redis.call('HDEL', key.batch(batch), 'canaries')
    canaries_of[batch] = 0
    release_held(batch, redis.call('ZCARD', key.held(batch)))
  end
end

-- A newer row replaces this row. If this row was a canary of its batch, the next row of the batch becomes one.
local function canary_replaced(id, pointer)
  local batch = row_of(pointer)
  if no_longer_held(batch, id) then return end
  if tonumber(redis.call('HGET', key.batch(batch), 'canaries') or 0) > 0 then next_canary(batch) end
end
