-- Reads rows of one page of a batch for the report: each with the fields of its registration.
-- KEYS 1 the page of rows
-- ARGV 1 batch id, 2 index of the first of these rows, 3 how many, 4 bytes of rows after which no more are read
-- Answers the place in the page of the row at which the rest of these begins (-1: there is no rest), and two texts, for a thousand
-- short ones cost Redis and its reader three times as much: the packed rows, and of each what the report needs
-- (registration-fields.ts, outcomeText; '' where there is no registration, or none that was sent); both are joined by the
-- character 30, which can be in neither.
local call, byte, sub = redis.call, string.byte, string.sub
-- A row may have a megabyte.
local ROWS_AT_ONCE = 16
local rows, bytes, place, most = {}, 0, ARGV[2] % ROWS_PER_PAGE, tonumber(ARGV[4])
local count = math.min(call('LLEN', KEYS[1]), place + ARGV[3])
while place < count and bytes < most do
  for _, row in ipairs(call('LRANGE', KEYS[1], place, math.min(place + ROWS_AT_ONCE, count) - 1)) do
    rows[#rows + 1] = row
    bytes = bytes + #row
    place = place + 1
  end
end

local settled = key.keptOutcomes(ARGV[1])
local has_settled = call('EXISTS', settled) == 1
-- A row that our checks refused has no registration.
local REFUSED = byte(constant.relation.refused)

-- The rows whose registration has no fact, and so no hash. One MGET finds those of all rows.
local function new_rows()
  if #rows == 0 or tonumber(call('HGET', key.counts(ARGV[1]), NEW_STATE) or 0) <= 0 then return {} end
  local names = {}
  for i = 1, #rows do names[i] = key.registration(sub(rows[i], 2, 17)) end
  return call('MGET', unpack(names))
end
local is_new = new_rows()

-- pcall: the registration of an older row may have been purged and loaded anew since, and is no hash again.
local function outcome_of(id)
  local outcome = redis.pcall('HGET', key.registration(id), field.outcome)
  return type(outcome) == 'string' and outcome
end

local outcomes = {}
for i = 1, #rows do
  local row, outcome = rows[i], nil
  if byte(row) ~= REFUSED then
    outcome = has_settled and call('HGET', settled, ARGV[2] + i - 1) or not is_new[i] and outcome_of(sub(row, 2, 17))
  end
  outcomes[i] = outcome or ''
end
return { place < count and place or -1, table.concat(rows, '\30'), table.concat(outcomes, '\30') }
