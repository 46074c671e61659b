-- Adds a note to a row that our checks refused, and marks its page as changed for readers of all rows.
-- KEYS 1 the notes on rows of the batch
-- ARGV 1 the row's index, 2 its page ("batch:page"), 3 the note (JSON, on one line)
local before = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], before and before .. '\n' .. ARGV[3] or ARGV[3])
changed_pages[ARGV[2]] = true
write_counts()
