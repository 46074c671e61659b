-- Queues a notice, by Redis' clock: that of one process may be days ahead.
-- KEYS 1 any key of ours
-- ARGV 1 the notice (JSON), then for each outlet: destination, ordering key, in how many ms it is due
-- A second run queues it again: the receiver recognises it by its id.
queue_notice(ARGV[1], 2)
