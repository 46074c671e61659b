-- Reads a page of a batch for the report: each row with the fields of its registration.
-- KEYS 1 the page of rows
-- ARGV 1 batch id, 2 index in the batch of the row to begin with, 3 its place in the page, 4 bytes of rows after which no more
--      are read
-- Answers the place of the row at which the rest of the page begins (-1: there is no rest), and two texts, for a thousand short
-- ones cost Redis and its reader three times as much: the packed rows, and of each what the report needs (registration-fields.ts,
-- outcomeText; '' where there is no registration, or none that was sent); both are joined by the character 30, which can be in
-- neither.
local call, byte, sub = redis.call, string.byte, string.sub
-- A row may have a megabyte.
local ROWS_AT_ONCE = 16
local rows, bytes, place, most = {}, 0, tonumber(ARGV[3]), tonumber(ARGV[4])
local count = call('LLEN', KEYS[1])
while place < count and bytes < most do
  for _, row in ipairs(call('LRANGE', KEYS[1], place, place + ROWS_AT_ONCE - 1)) do
    rows[#rows + 1] = row
    bytes = bytes + #row
    place = place + 1
  end
end

local settled = key.keptOutcomes(ARGV[1])
local has_settled = call('EXISTS', settled) == 1
-- r, a, d, w and c stand before the id (row-changes.ts); other rows have no registration.
local HAS_REGISTRATION = { [114] = true, [97] = true, [100] = true, [119] = true, [99] = true }
local outcomes = {}
for i = 1, #rows do
  local row, outcome = rows[i], nil
  if HAS_REGISTRATION[byte(row)] then
    outcome = has_settled and call('HGET', settled, ARGV[2] + i - 1)
      or call('HGET', key.registration(sub(row, 2, 17)), field.outcome)
  end
  outcomes[i] = outcome or ''
end
return { place < count and place or -1, table.concat(rows, '\30'), table.concat(outcomes, '\30') }
