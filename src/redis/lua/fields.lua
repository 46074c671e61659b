-- Reads some fields of many registrations.
-- KEYS 1 any key of ours
-- ARGV 1 the fields, separated by spaces, 2… ids
-- Answers for each id the answer of HMGET.
local names, answers = {}, {}
for name in string.gmatch(ARGV[1], '%S+') do names[#names + 1] = name end
for i = 2, #ARGV do answers[#answers + 1] = fields_of(ARGV[i], unpack(names)) end
return answers
