-- Deletes a verify ticket that WeChat refused, unless another ticket has come.
-- KEYS 1 ticket
-- ARGV 1 its mark
-- Answers 1, or 0 if the ticket is another one.
if redis.call('HGET', KEYS[1], 'mark') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
