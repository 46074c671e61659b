-- Finds a session of the console with its user. A session that is used lives on.
-- KEYS 1 the session
-- ARGV 1 now in ms, 2 how long a session lives that is not used, in s
-- Answers nil if the session is over, else { user, mark, the user as JSON or '' if there is none of that name }.
local session = redis.call('HMGET', KEYS[1], 'user', 'mark', 'endsAt')
if not session[1] or tonumber(session[3]) < tonumber(ARGV[1]) then return false end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return { session[1], session[2], redis.call('HGET', key.consoleUsers(), session[1]) or '' }
