-- Counts the rows of batches in one run: for thousands of batches, separate commands would cost more.
-- KEYS 1 any key of ours
-- ARGV batch ids
-- Answers for each batch its number of rows; -1 if there is no such batch, or it was purged.
local answer = {}
for i, id in ipairs(ARGV) do
  local batch = redis.call('HMGET', key.batch(id), 'columns', 'rows', 'purgedAt')
  answer[i] = (not batch[1] or batch[3]) and -1 or tonumber(batch[2] or 0)
end
return answer
