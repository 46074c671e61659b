-- One page of a batch for the report: each row with what became of its merchant.
-- KEYS 1 the page of rows
-- ARGV 1 batch id, 2 index of the page's first row, 3… names of the hash fields
-- Answers pairs of packed row and the fields, joined by the character 31 ('' where there is no registration).
local rows = redis.call('LRANGE', KEYS[1], 0, -1)
local settled = key.settled(ARGV[1])
local has_settled = redis.call('EXISTS', settled) == 1
local answer = {}
for i, row in ipairs(rows) do
  local id = string.match(row, '^[rad]([a-z2-7]+)')
  local fields = ''
  if id then
    fields = has_settled and redis.call('HGET', settled, tonumber(ARGV[2]) + i - 1)
    if not fields then
      local values = redis.call('HMGET', key.registration(id), unpack(ARGV, 3))
      for v = 1, #ARGV - 2 do values[v] = values[v] or '' end
      fields = table.concat(values, '\31')
    end
  end
  answer[#answer + 1] = row
  answer[#answer + 1] = fields
end
return answer
