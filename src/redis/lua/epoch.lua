-- Answers which run of Redis this is, and begins a new epoch when Redis' data may be older than what processes have seen: after
-- a restart, a failover, or when a backup was restored.
-- KEYS 1 epoch
-- ARGV 1 the last epoch that the process saw ('' for none), 2 how many facts the ledger had then, 3 an id for a new epoch,
--      4 the process, 5 how long before Redis' last use a process may have been seen last and still be waited for, in ms,
--      6 how long creates wait for processes at most, in ms, 7 'private' where Redis is that of one machine, which loses nothing while
--      a process of ours lives; else '', 8 for how long creates wait for processes that are not known, in ms, 9… other processes
--      that this process knows
-- Answers { epoch, facts, for how long creates have waited for processes in ms (-1: they do not wait), processes… }. A second
-- run finds the new epoch.
local function uptime_ms()
  return tonumber(string.match(redis.call('INFO', 'server'), 'uptime_in_seconds:(%d+)') or 0) * 1000
end

local now = milliseconds()
local known = redis.call('HMGET', KEYS[1], 'id', 'run', 'facts')
local run = run_of_redis()
local id, facts = known[1], tonumber(known[3] or 0)
local lacks = facts < tonumber(ARGV[2])
if not id or known[2] ~= run or (id == ARGV[1] and lacks) then
  id = ARGV[3]
  redis.call('HSET', KEYS[1], 'id', id, 'run', run)
  -- If Redis was down for long, every process was last seen long ago. So the time counts back from its last use.
  local last_used = tonumber(redis.call('ZREVRANGE', key.processes(), 0, 0, 'WITHSCORES')[2] or now)
  local processes = redis.call('ZRANGEBYSCORE', key.processes(), math.min(last_used, now) - ARGV[5], '+inf')
  -- Processes that Redis has lost are known only to other processes.
  if lacks or (ARGV[1] ~= '' and not redis.call('ZSCORE', key.processes(), ARGV[4])) then
    for i = 9, #ARGV do processes[#processes + 1] = ARGV[i] end
  end
  processes[#processes + 1] = ARGV[4]
  redis.call('DEL', key.unreported())
  for _, process in ipairs(processes) do redis.call('SADD', key.unreported(), process) end
  -- acquire.lua: no create is sent before each of them has reported what is missing here. A process that started in the lost
  -- time may be known to no other process, not even to the first that connects again: it gets a moment. In the first seconds of a
  -- ledger, Redis may lose all that there is of it, so a new ledger is believed only once Redis has run for longer.
  local moment_ms = tonumber(ARGV[8])
  local is_new = not known[1] and uptime_ms() > moment_ms
  redis.call('HSET', KEYS[1], 'settling', now, 'notBefore', (is_new or ARGV[7] == 'private') and now or now + moment_ms)
end
redis.call('ZADD', key.processes(), now, ARGV[4])
redis.call('ZREMRANGEBYSCORE', key.processes(), '-inf', '(' .. now - ARGV[5])
local answer = { id, facts, settling_for(now, tonumber(ARGV[6])) }
for _, process in ipairs(redis.call('ZRANGE', key.processes(), 0, -1)) do answer[#answer + 1] = process end
return answer
