-- Parks a push that matches no registration, until a registration claims it or a person replays it.
-- KEYS 1 parked pushes
-- ARGV 1 the push's id, 2 the push (JSON), 3… what the push waits for, any of: a registration, `task:` and a task's id, or
--      `appid:` and an appid
-- Answers 1, or 0 if one of them is known by now: then the push has to be matched again.
for i = 3, #ARGV do
  local task, appid = string.match(ARGV[i], '^task:(.*)$'), string.match(ARGV[i], '^appid:(.*)$')
  local id = ARGV[i]
  if task then id = redis.call('HGET', key.tasks(), task) end
  if appid then id = redis.call('HGET', key.appids(), appid) end
  -- After a purge, the id of a task may remain although its registration is gone.
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
