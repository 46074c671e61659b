-- Deletes a component access token that WeChat refused, and counts the refusal, unless the token is another one by now.
-- KEYS 1 token
-- ARGV 1 its mark
-- Answers how many tokens in a row were refused; 0 if the token is another one. A second run does nothing.
if redis.call('HGET', KEYS[1], 'mark') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return redis.call('INCR', key.tokenRefused())
