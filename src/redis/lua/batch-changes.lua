-- Finds when rows of batches changed last (changes.ts), of many in one run: separate commands would cost more.
-- KEYS 1 any key of ours
-- ARGV batch ids
-- Answers for each batch the number of its last change, 0 before the first; -1 if there is no such batch, or its purge has begun.
local answer = {}
for i, id in ipairs(ARGV) do
  local batch = redis.call('HMGET', key.batch(id), 'columns', 'rows', 'purging', 'purgedAt')
  local last = (not batch[1] or batch[3] or batch[4]) and -1 or 0
  if last == 0 then
    for page = 0, math.ceil(tonumber(batch[2] or 0) / ROWS_PER_PAGE) - 1 do
      last = math.max(last, tonumber(redis.call('ZSCORE', key.changedPages(), id .. ':' .. page) or 0))
    end
  end
  answer[i] = last
end
return answer
