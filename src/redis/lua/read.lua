-- Reads registrations, each with the row whose details are sent.
-- KEYS 1 any key of ours
-- ARGV 1 unused; then the ids
-- Answers of each nil if there is no registration, else { version (version_of), now in ms, row or '', field, value, … }; the
-- fields are those of the registration's hash.
local now = milliseconds()

return each(1, function(id)
  local row = row_if_new(id)
  local fields = row and { field.row, row } or redis.call('HGETALL', key.registration(id))
  local pointer, version = nil, ''
  for i = 1, #fields, 2 do
    if fields[i] == field.row then
      pointer = fields[i + 1]
    elseif fields[i] == field.version then
      version = fields[i + 1]
    end
  end
  if not pointer then return false end
  return { version, now, row_at(pointer) or '', unpack(fields) }
end)
