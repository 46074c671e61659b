-- Reads registrations with the rows whose details are sent.
-- KEYS 1 any key of ours
-- ARGV 1 names of the hash fields, separated by spaces; then the ids
-- Answers of each nil where there is none, else { steps, now in ms, row or '', fields… }; steps is the length of its history.
local names = {}
for name in string.gmatch(ARGV[1], '%S+') do names[#names + 1] = name end
names[#names + 1] = 'row'
local now = milliseconds()

return each(1, function(id)
  local fields = redis.call('HMGET', key.registration(id), unpack(names))
  local pointer = fields[#names]
  if not pointer then return false end
  local answer = { redis.call('LLEN', key.history(id)), now, row_at(pointer) or '' }
  for i = 1, #names - 1 do answer[i + 3] = fields[i] end
  return answer
end)
