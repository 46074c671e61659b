-- What there is of registrations already, for what a row of a sheet would be to them.
-- KEYS 1 any key of ours
-- ARGV ids
-- Answers of each nil where there is none, else { state, task, earlier task }, nil for those that it has not.
local found = {}
for i, id in ipairs(ARGV) do
  local now = redis.call('HMGET', key.registration(id), 's', 'task', 'earlier')
  found[i] = now[1] and now
end
return found
