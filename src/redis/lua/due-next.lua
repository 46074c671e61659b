-- What the registrations that are due next wait for.
-- KEYS 1 scheduled registrations
-- ARGV 1 how many are looked at
-- Answers { wait or '', until when in ms, … }: each wait once, with the first time.
local due = redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1, 'WITHSCORES')
local answer, seen = {}, {}
for i = 1, #due, 2 do
  local wait = fields_of(due[i], field.wait)[1] or ''
  if not seen[wait] then
    seen[wait] = true
    answer[#answer + 1] = wait
    answer[#answer + 1] = due[i + 1]
  end
end
return answer
