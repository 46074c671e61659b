-- Writes a night, or a file that it has taken since, if this fence holds the lease of the inbox.
-- KEYS 1 lease of the inbox
-- ARGV 1 fence, 2 id, 3 the night with all of its files (JSON), or '' and 4 one more file (JSON)
-- Answers 1, or 0 if nothing was written. A file may be noted more than once; its last note counts.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '' then
  redis.call('RPUSH', key.nightFiles(ARGV[2]), ARGV[4])
else
  redis.call('HSET', key.nights(), ARGV[2], ARGV[3])
  redis.call('UNLINK', key.nightFiles(ARGV[2]))
end
return 1
