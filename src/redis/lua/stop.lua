-- Stops the line (line.lua, stop_line).
-- KEYS 1 line
-- ARGV 1 why, in words; 2 problem; 3 when, in ms
-- Of a pause, 4: the stop that the person was shown ('' if the line ran, or its stop has no name); absent: whatever it is
-- Answers 1; 0 if a fault had stopped the line before a fault, or a pause for another reason came after what was shown. A second run
-- answers 0 of a fault, and of a pause the same again.
local shown = ARGV[4]
if shown then
  local now = redis.call('HMGET', KEYS[1], 'stop', 'problem', 'because', 'paused')
  local reason = is_pause(now[2] or '') and now[3] or now[4]
  if reason and reason ~= ARGV[1] and (now[1] or '') ~= shown then return 0 end
end
return stop_line({ because = ARGV[1], problem = ARGV[2], at = ARGV[3] }) and 1 or 0
