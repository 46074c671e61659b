-- Marks a batch as complete, unless Redis has lost the batch or its last rows since they were accepted.
-- KEYS 1 batch
-- ARGV 1 how many of its rows have warnings, 2 how many rows it must have ('': however many there are)
-- Answers 1, or 0 if something is missing.
local known = redis.call('HMGET', KEYS[1], 'columns', 'rows')
if not known[1] or ARGV[2] ~= '' and tonumber(known[2] or 0) ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'warned', ARGV[1], 'complete', '1')
return 1
