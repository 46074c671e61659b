-- Finds which registrations have a note, in one run instead of one command for each.
-- KEYS 1 any key of ours
-- ARGV 1 the field that marks a note, 2… registrations
-- Answers the registrations that have a note.
local noted = {}
for at = 2, #ARGV do
  if fields_of(ARGV[at], ARGV[1])[1] then noted[#noted + 1] = ARGV[at] end
end
return noted
