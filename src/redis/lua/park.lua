-- Keeps a push that fits no registration until a person, or the registration itself, comes for it.
-- KEYS 1 parked pushes
-- ARGV 1 the push's id, 2 the push (JSON), 3… whom it awaits, any of them will do: registrations, `task:` and a task's id, or
--      `appid:` and an appid
-- Answers 0 where one of them has come meanwhile: then the push is to be looked at again.
for i = 3, #ARGV do
  local task, appid = string.match(ARGV[i], '^task:(.*)$'), string.match(ARGV[i], '^appid:(.*)$')
  local id = ARGV[i]
  if task then id = redis.call('HGET', key.tasks(), task) end
  if appid then id = redis.call('HGET', key.appids(), appid) end
  -- Of a registration that was purged the name of its task may have stayed.
  if id and redis.call('EXISTS', key.registration(id)) == 1 then return 0 end
end
for i = 3, #ARGV do
  local others = redis.call('HGET', key.awaited(), ARGV[i])
  if not others then
    redis.call('HSET', key.awaited(), ARGV[i], ARGV[1])
  elseif not string.find(' ' .. others .. ' ', ' ' .. ARGV[1] .. ' ', 1, true) then
    redis.call('HSET', key.awaited(), ARGV[i], others .. ' ' .. ARGV[1])
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
