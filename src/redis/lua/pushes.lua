-- Pushes and authorization codes that wait for a registration, loaded with every script.

-- Puts the parked pushes that wait for `awaited` into the stream again, with their old ids, to be matched again.
local function unpark_for(awaited)
  local ids = redis.call('HGET', key.awaited(), awaited)
  if not ids then return end
  redis.call('HDEL', key.awaited(), awaited)
  for id in string.gmatch(ids, '%S+') do
    local parked = redis.call('HGET', key.parked(), id)
    if parked then
      local push = cjson.decode(parked)
      redis.call('XADD', key.pushes(), '*', 'parkedAs', id, 'at', push.at, 'type', push.type, 'query', push.query, push.as, push.body)
      redis.call('HDEL', key.parked(), id)
    end
  end
end

-- Stores an authorization code beside its Mini Program until it is exchanged, which precedes all other work. A code is
-- recognised by its mark, so a push that comes again adds nothing. The newest code is the first line of `codes`:
--   mark at dies_at pushed_at from shared sealed
--   at, dies_at (when it expires), pushed_at (by WeChat's clock): ms   from: 'created' or 'authorized'
--   shared: '1' if another service exchanges codes of this platform, too, otherwise '-'
-- Returns false if the code is known; with `anew`, only if it is still waiting. The last eight marks are kept, of
-- 16 characters and a space each.
local function offer(appid, code, anew)
  local authorizer = key.authorizer(appid)
  local now = redis.call('HMGET', authorizer, 'marks', 'codes', 'authorizedAt')
  local marks = now[1] or ''
  if string.find(anew and (now[2] or '') or marks, code.mark, 1, true) then return false end
  local line = table.concat({ code.mark, code.at, code.diesAt, code.pushedAt, code.from, code.shared, code.sealed }, ' ')
  local codes = now[2] and line .. '\n' .. now[2] or line
  if not string.find(marks, code.mark, 1, true) then marks = string.sub(marks .. code.mark .. ' ', -136) end
  redis.call('HSET', authorizer, 'marks', marks, 'codes', codes)
  if tonumber(code.pushedAt) > tonumber(now[3] or 0) then
    redis.call('HSET', authorizer, 'authorizedAt', code.pushedAt)
  end
  -- The key of an unknown Mini Program expires after some days (settle-codes.lua), but not while a code waits.
  redis.call('PERSIST', authorizer)
  return true
end

-- Whether any registration was sent and has no result yet: each of them has a follow-up scheduled, ready or in the window.
local function somebody_waits()
  return redis.call('ZCARD', key.scheduled('follow-up')) > 0 or redis.call('LLEN', key.ready('follow-up')) > 0
    or redis.call('ZCARD', key.window('follow-up')) > 0
end

local function exchange_now(appid)
  redis.call('ZREM', key.scheduled('authorize'), appid)
  redis.call('LREM', key.ready('authorize'), 0, appid)
  redis.call('LPUSH', key.ready('authorize'), appid)
  wake('ready')
end

-- The registration has this Mini Program. Pushes and codes that waited for that are processed now; so is a code whose token was
-- stored without a registration, so that the registration records it.
local function owns(id, appid, code)
  redis.call('HSET', key.appids(), appid, id)
  if code then offer(appid, code, true) end
  if redis.call('HEXISTS', key.authorizer(appid), 'codes') == 1 then exchange_now(appid) end
  unpark_for('appid:' .. appid)
end
