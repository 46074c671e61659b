-- Says which run of Redis this is, and begins a new epoch where its data may be older than what processes have seen: after a
-- restart, a failover, or when a backup was put back.
-- KEYS 1 epoch
-- ARGV 1 the epoch that the process saw last ('' for none), 2 how many facts the ledger had then, 3 an id for a new epoch,
--      4 the process, 5 how long before Redis was last used a process must have been seen to be waited for, in ms,
--      6 how long is waited for processes at most, in ms, 7… other processes that this one knows
-- Answers { epoch, facts, for how long processes have been waited for in ms (-1: they are not), processes… }. A second run
-- finds the new epoch.
local now = milliseconds()
local known = redis.call('HMGET', KEYS[1], 'id', 'run', 'facts')
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local id, facts = known[1], tonumber(known[3] or 0)
local lacks = facts < tonumber(ARGV[2])
if not id or known[2] ~= run or (id == ARGV[1] and lacks) then
  id = ARGV[3]
  redis.call('HSET', KEYS[1], 'id', id, 'run', run)
  -- A Redis that was away for long has seen nobody meanwhile.
  local last_used = tonumber(redis.call('ZREVRANGE', key.processes(), 0, 0, 'WITHSCORES')[2] or now)
  local processes = redis.call('ZRANGEBYSCORE', key.processes(), math.min(last_used, now) - ARGV[5], '+inf')
  -- Who came since the time that Redis remembers is known to others only.
  if lacks or (ARGV[1] ~= '' and not redis.call('ZSCORE', key.processes(), ARGV[4])) then
    for i = 7, #ARGV do processes[#processes + 1] = ARGV[i] end
  end
  processes[#processes + 1] = ARGV[4]
  redis.call('DEL', key.unreported())
  for _, process in ipairs(processes) do redis.call('SADD', key.unreported(), process) end
  -- acquire.lua: no create goes before each of them has said what is missing here. One that came in the lost time is known to
  -- nobody: it has a moment to connect again.
  local alone = redis.call('SCARD', key.unreported()) == 1
  redis.call('HSET', KEYS[1], 'settling', now, 'notBefore', alone and now or now + MOMENT_MS)
end
redis.call('ZADD', key.processes(), now, ARGV[4])
redis.call('ZREMRANGEBYSCORE', key.processes(), '-inf', '(' .. now - ARGV[5])
local answer = { id, facts, settling_for(now, tonumber(ARGV[6])) }
for _, process in ipairs(redis.call('ZRANGE', key.processes(), 0, -1)) do answer[#answer + 1] = process end
return answer
