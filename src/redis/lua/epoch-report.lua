-- A process reports that it has recorded again the facts of its journal that Redis had lost.
-- KEYS 1 epoch
-- ARGV 1 epoch, 2 facts and 3 pushes that were missing, 4… processes to wait for no longer: the process itself, and the
--      processes whose journals it has read
-- Answers 1, or 0 if another epoch has begun. A second run counts nothing twice, because the process has reported by then.
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 0 end
local is_first = redis.call('SREM', key.unreported(), ARGV[4]) == 1
for i = 5, #ARGV do redis.call('SREM', key.unreported(), ARGV[i]) end
local missing = tonumber(ARGV[2]) + tonumber(ARGV[3])
if missing > 0 and (is_first or redis.call('HGET', KEYS[1], 'lossEpoch') ~= ARGV[1]) then
  if redis.call('HGET', KEYS[1], 'lossEpoch') ~= ARGV[1] then
    redis.call('HSET', KEYS[1], 'lossEpoch', ARGV[1], 'lossAt', milliseconds(), 'lossFacts', 0, 'lossPushes', 0)
  end
  redis.call('HINCRBY', KEYS[1], 'lossFacts', ARGV[2])
  redis.call('HINCRBY', KEYS[1], 'lossPushes', ARGV[3])
end
return 1
