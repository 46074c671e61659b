-- Reads one page of a batch for the report: each row with the fields of its registration.
-- KEYS 1 the page of rows
-- ARGV 1 batch id, 2 index of the page's first row, 3… names of the hash fields
-- Answers two texts, because a thousand short ones cost Redis and its client three times as much: the packed rows, and for each
-- row the fields joined by the character 31 ('' if it has no registration). Both texts are joined by the character 30.
-- Neither character occurs in a row (JSON) or in a field (registration-fields.ts removes them).
local rows = redis.call('LRANGE', KEYS[1], 0, -1)
local settled = key.keptOutcomes(ARGV[1])
local has_settled = redis.call('EXISTS', settled) == 1
local call, names = redis.call, #ARGV - 2
local registrations = {}
for i = 1, #rows do
  -- A relation r, a, d, w or c is followed by the id (row-changes.ts); other rows have no registration.
  local kind, id, fields = string.sub(rows[i], 1, 1), string.sub(rows[i], 2, 17), ''
  if string.find(kind, '[radwc]') then
    fields = has_settled and call('HGET', settled, tonumber(ARGV[2]) + i - 1)
    if not fields then
      local values = call('HMGET', key.registration(id), unpack(ARGV, 3))
      for v = 1, names do if not values[v] then values[v] = '' end end
      fields = table.concat(values, '\31')
    end
  end
  registrations[i] = fields
end
return { table.concat(rows, '\30'), table.concat(registrations, '\30') }
