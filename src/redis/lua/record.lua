-- Records facts, each if nothing else was recorded of its registration since it was decided.
-- KEYS 1 any key of ours
-- ARGV 1 unused; then of each: id, the version known when it was decided, the decided step (JSON; prelude: record), kind of work
--      done, its job; '' for none
-- Answers of each 'done' or 'conflict'. Sent twice because the answer was lost, it answers 'conflict': the caller then
-- finds its fact in the history.
return each(5, function(id, version, step, kind, job)
  if version_of(id) ~= version then return 'conflict' end
  record(id, cjson.decode(step))
  if job ~= '' then redis.call('ZREM', key.window(kind), job) end
  return 'done'
end)
