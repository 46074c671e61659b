-- Acknowledges pushes whose facts are recorded, and counts them.
-- KEYS 1 the stream of pushes
-- ARGV 1 group, 2 the epoch in which recording them began ('' of a process without a journal), 3 how many pushes,
--      then the entry of each, then "InfoType|outcome" and a number, alternating
-- Answers 1, or 0 if Redis began anew since then. It may have lost their facts, so none is acknowledged: they come again, and
-- what is recorded already changes nothing. A second run counts twice, as one whose answer was lost.
if ARGV[2] ~= '' then
  local known = redis.call('HMGET', key.epoch(), 'id', 'run')
  -- Another epoch begins only when a process asks; this may be the first command after a restart.
  if known[1] ~= ARGV[2] or known[2] ~= run_of_redis() then return 0 end
end
local after = 3 + tonumber(ARGV[3])
redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 4, after))
for i = after + 1, #ARGV, 2 do redis.call('HINCRBY', key.pushCounts(), ARGV[i], ARGV[i + 1]) end
return 1
