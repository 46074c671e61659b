-- Says which run of Redis this is, and begins a new epoch where its data may be older than what processes have seen: after a
-- restart, a failover, or when a backup was put back.
-- KEYS 1 epoch
-- ARGV 1 the epoch that the process saw last ('' for none), 2 how many facts the ledger had then, 3 an id for a new epoch,
--      4 the process, 5 how long ago a process must have been seen to be waited for, in ms
-- Answers { epoch, facts }. A second run finds the new epoch.
local now = milliseconds()
local known = redis.call('HMGET', KEYS[1], 'id', 'run', 'facts')
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local id, facts = known[1], tonumber(known[3] or 0)
local forgot = id == ARGV[1] and facts < tonumber(ARGV[2])
if not id or known[2] ~= run or forgot then
  id = ARGV[3]
  redis.call('HSET', KEYS[1], 'id', id, 'run', run)
  redis.call('HDEL', KEYS[1], 'settling')
  redis.call('DEL', key.unreported())
  local processes = redis.call('ZRANGEBYSCORE', key.processes(), now - ARGV[5], '+inf')
  processes[#processes + 1] = ARGV[4]
  for _, process in ipairs(processes) do redis.call('SADD', key.unreported(), process) end
  -- take.lua: no create goes before each of them has said what is missing here.
  redis.call('HSET', KEYS[1], 'settling', now)
end
redis.call('ZADD', key.processes(), now, ARGV[4])
redis.call('ZREMRANGEBYSCORE', key.processes(), '-inf', '(' .. now - ARGV[5])
return { id, facts }
