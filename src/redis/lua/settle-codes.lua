-- Removes an authorization code that needs no further work, and the codes that came before it. Later codes stay.
-- KEYS 1 authorizer
-- ARGV 1 appid, 2 mark of the code, 3 'nobody' if the code is dropped because no registration claims its Mini Program, else ''
-- Answers 1, or 0 if a registration has claimed the Mini Program meanwhile: then nothing was removed. A second run does nothing.
local THREE_DAYS = constant.threeDaysS
if ARGV[3] == 'nobody' and redis.call('HEXISTS', key.appids(), ARGV[1]) == 1 then return 0 end
local codes = redis.call('HGET', KEYS[1], 'codes')
if not codes then return 1 end
local newer = {}
local met = false
for line in string.gmatch(codes, '[^\n]+') do
  if string.sub(line, 1, #ARGV[2] + 1) == ARGV[2] .. ' ' then met = true end
  if not met then newer[#newer + 1] = line end
end
if not met then return 1 end
if #newer > 0 then
  redis.call('HSET', KEYS[1], 'codes', table.concat(newer, '\n'))
  return 1
end
redis.call('HDEL', KEYS[1], 'codes', 'push', 'stranger')
-- Only the marks are left. They are needed as long as WeChat may repeat a push.
if redis.call('HEXISTS', KEYS[1], 'refreshToken') == 0 then redis.call('EXPIRE', KEYS[1], THREE_DAYS) end
return 1
