-- Finds when rows of batches changed last (changes.ts), of many in one run: separate commands would cost more. A run looks at so many
-- pages and no more, so that other clients wait for less than a millisecond.
-- KEYS 1 any key of ours
-- ARGV 1 the page from which the first batch is looked at, 2 its last change before that page, 3… batch ids
-- Answers { for each batch that was looked at to its end the number of its last change: 0 before the first; -1 if there is no such
-- batch, or its purge has begun; the page from which the next batch is to be looked at; its last change before that page }.
local PAGES_AT_ONCE = 400
local page, last, looked = tonumber(ARGV[1]), tonumber(ARGV[2]), 0
local answer = {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local batch = redis.call('HMGET', key.batch(id), 'columns', 'rows', 'purging', 'purgedAt')
  if not batch[1] or batch[3] or batch[4] then
    last = -1
  else
    for at = page, math.ceil(tonumber(batch[2] or 0) / ROWS_PER_PAGE) - 1 do
      if looked == PAGES_AT_ONCE then return { answer, at, last } end
      looked = looked + 1
      last = math.max(last, tonumber(redis.call('ZSCORE', key.changedPages(), id .. ':' .. at) or 0))
    end
  end
  answer[#answer + 1] = last
  page, last = 0, 0
end
return { answer, 0, 0 }
