-- Records facts, each only if its registration has not changed since the fact was decided.
-- KEYS 1 any key of ours
-- ARGV 1 of a process with a journal, JSON: epoch, the epoch with which it has compared its journal; settleMs, if the fact must
--      also wait for the other processes' reports; '' of any other process
--      then of each: id, the version on which the fact was decided, the write set (JSON; `record` in fact.lua; '': that of the
--      fact before), kind of the work that is done and its job ('' for none), and the write id
-- Answers of each 'done', 'conflict', 'epoch' (Redis may have lost facts before this one: compare the journal first) or
-- 'forgotten' (journals have facts of this registration that Redis lost: restore them first). A fact that is sent twice because
-- the answer was lost gets 'conflict'; the caller then finds it in the history.
local gate = ARGV[1] ~= '' and cjson.decode(ARGV[1])
local is_shut, has_forgotten = false, false
if gate then
  is_shut = redis.call('HGET', key.epoch(), 'id') ~= gate.epoch
    or (gate.settleMs and settling_for(milliseconds(), gate.settleMs) >= 0)
  has_forgotten = redis.call('EXISTS', key.forgotten('any')) == 1
end
return each(6, function(id, version, write_set, kind, job, write_id)
  if is_shut then return 'epoch' end
  -- Also of a registration that Redis has lost: what journals have of it is kept until a sheet brings it back.
  if version_of(id) ~= version then return 'conflict' end
  if has_forgotten and redis.call('EXISTS', key.forgotten(id)) == 1 then return 'forgotten' end
  record(id, write_set_from(write_set), write_id)
  if job ~= '' then redis.call('ZREM', key.window(kind), job) end
  return 'done'
end, 3)
