-- Stops the line (line.lua, stop_line).
-- KEYS 1 line
-- ARGV 1 why, in words; 2 problem; 3 when, in ms
-- Answers 1, or 0 if a fault had stopped it already: a second run answers 0 too.
return stop_line({ because = ARGV[1], problem = ARGV[2], at = ARGV[3] }) and 1 or 0
