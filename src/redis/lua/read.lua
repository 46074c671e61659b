-- Reads registrations with the rows whose details are sent.
-- KEYS 1 any key of ours
-- ARGV 1 unused; then the ids
-- Answers of each nil where there is none, else { steps, now in ms, row or '', field, value, … }; steps is the length of
-- its history, and the fields are those of its hash.
local now = milliseconds()

return each(1, function(id)
  local fields = redis.call('HGETALL', key.registration(id))
  local pointer
  for i = 1, #fields, 2 do
    if fields[i] == 'row' then pointer = fields[i + 1] end
  end
  if not pointer then return false end
  return { redis.call('LLEN', key.history(id)), now, row_at(pointer) or '', unpack(fields) }
end)
