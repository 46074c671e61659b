-- Removes consumers of the stream of pushes whose process has died: each start of a receiver creates a consumer. Other consumers
-- took over its pushes long before; a consumer that still holds a push stays.
-- KEYS 1 the stream
-- ARGV 1 group, 2 how long a consumer must not have been seen, in ms
-- Answers how many were removed. A living consumer that is removed is created again at its next read.
local removed = 0
if redis.call('EXISTS', KEYS[1]) == 0 then return removed end
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local is = {}
  for i = 1, #consumer, 2 do is[consumer[i]] = consumer[i + 1] end
  if is.pending == 0 and is.idle >= tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], is.name)
    removed = removed + 1
  end
end
return removed
