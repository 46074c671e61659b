-- Stores a new component access token and releases the lease of the refresh, if this fence holds it.
-- KEYS 1 lease
-- ARGV 1 fence, 2 the sealed token, 3 when to refresh it, in ms, 4 its mark, 5 when it expires, in ms
-- Answers 1, or 0 if nothing was stored. A second run does nothing.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HSET', key.token(), 'value', ARGV[2], 'refreshAt', ARGV[3], 'mark', ARGV[4], 'expiresAt', ARGV[5])
redis.call('DEL', KEYS[1], key.tokenRefusal())
wake('token')
return 1
