-- Forgets a token that WeChat refused, and counts it, if it is still the one.
-- KEYS 1 token
-- ARGV 1 its mark
-- Answers how many in a row were refused; 0 where it is another. A second run does nothing.
if redis.call('HGET', KEYS[1], 'mark') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return redis.call('INCR', key.tokenRefused())
