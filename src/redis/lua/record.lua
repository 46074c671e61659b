-- Records facts, each if nothing else was recorded of its registration since it was decided.
-- KEYS 1 any key of ours
-- ARGV 1 of a process with a journal, JSON: epoch, the one up to which it has compared that; settleMs, where it also waits until
--      the others have; '' of anybody else
--      then of each: id, the version known when it was decided, the decided step (JSON; prelude: record), kind of work done, its
--      job; '' for none
-- Answers of each 'done', 'conflict', 'epoch' (Redis may have forgotten what goes before this fact: compare first) or 'forgotten'
-- (journals have facts of this registration: restore them first). Sent twice because the answer was lost, it answers
-- 'conflict': the caller then finds its fact in the history.
local gate = ARGV[1] ~= '' and cjson.decode(ARGV[1])
local is_shut, has_forgotten = false, false
if gate then
  is_shut = redis.call('HGET', key.epoch(), 'id') ~= gate.epoch
    or (gate.settleMs and settling_for(milliseconds(), gate.settleMs) >= 0)
  has_forgotten = redis.call('EXISTS', key.forgotten('any')) == 1
end
return each(5, function(id, version, step, kind, job)
  if is_shut then return 'epoch' end
  if has_forgotten and redis.call('EXISTS', key.forgotten(id)) == 1 then return 'forgotten' end
  if version_of(id) ~= version then return 'conflict' end
  record(id, cjson.decode(step))
  if job ~= '' then redis.call('ZREM', key.window(kind), job) end
  return 'done'
end)
