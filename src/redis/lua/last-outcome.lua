-- Finds the latest time at which a row of a page got its outcome.
-- KEYS 1 the page of rows
-- ARGV 1 batch id, 2 index of the page's first row, 3 field of that time, 4 the position of this field among the fields of an
--      old attempt, which stay when a later batch begins a new attempt (joined by the character 31)
-- Answers the time in ms, 0 if no row has an outcome.
local settled, last = key.keptOutcomes(ARGV[1]), 0
local has_settled = redis.call('EXISTS', settled) == 1

local function settled_at(index)
  local fields = has_settled and redis.call('HGET', settled, index)
  return fields and string.match(fields, string.rep('[^\31]*\31', ARGV[4] - 1) .. '([^\31]*)')
end

for i, packed in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if string.sub(packed, 1, 1) == constant.relation.registered then
    local at = settled_at(ARGV[2] + i - 1) or fields_of(string.sub(packed, 2, 17), ARGV[3])[1]
    last = math.max(last, tonumber(at or '') or 0)
  end
end
return string.format('%.0f', last)
