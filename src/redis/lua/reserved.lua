-- Counts the calls of the day that are reserved for follow-ups at this moment, as acquire.lua does.
-- KEYS 1 calls of the day
-- ARGV 1 budgets (JSON, as in acquire.lua): perSecond, perMinute, perDay, believe, reserve, dayEndsAt
-- Answers how many.
local budget = cjson.decode(ARGV[1])
local day = redis.call('HMGET', KEYS[1], 'reportedLimit', 'cleared')
return reserved_for_follow_ups(budget, calls_of_day(budget, day[1], day[2]), milliseconds())
