-- Forgets a verify ticket that WeChat refused, if no other has come.
-- KEYS 1 ticket
-- ARGV 1 its mark
if redis.call('HGET', KEYS[1], 'mark') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
