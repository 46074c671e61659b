-- Which of many registrations have a note, asked in one run instead of by a command each.
-- KEYS 1 any key of ours
-- ARGV 1 the field that marks a note, 2… registrations
-- Answers those with one.
local noted = {}
for at = 2, #ARGV do
  if fields_of(ARGV[at], ARGV[1])[1] then noted[#noted + 1] = ARGV[at] end
end
return noted
