-- Counts a 404 into the streak of them.
--
-- KEYS[1] streak: list of the faxes of the 404s since the last other answer
-- ARGV[1] fax id   ARGV[2] how many the list keeps   ARGV[3] when it is forgotten, ms
-- Returns how many 404s are in the streak and of how many faxes.

redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
local streak = redis.call('LRANGE', KEYS[1], 0, -1)
local seen = {}
local faxes = 0
for _, fax in ipairs(streak) do
  if not seen[fax] then
    seen[fax] = true
    faxes = faxes + 1
  end
end
return { #streak, faxes }
