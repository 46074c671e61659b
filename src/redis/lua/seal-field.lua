-- Seals a value that an older version has stored in plain text.
-- KEYS 1 hash with the field `value`
-- ARGV 1 the value that was read, 2 the same value sealed, 3 its mark
-- Answers 1, or 0 if the value is another one or is sealed already. A second run does nothing.
if redis.call('HGET', KEYS[1], 'value') ~= ARGV[1] or redis.call('HEXISTS', KEYS[1], 'mark') == 1 then return 0 end
redis.call('HSET', KEYS[1], 'value', ARGV[2], 'mark', ARGV[3])
return 1
