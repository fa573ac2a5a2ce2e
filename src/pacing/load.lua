-- Counts the faxes in flight by age.
--
-- KEYS[1] faxes in flight: sorted set, score when enqueued (ms since 1970)
-- ARGV[1…] ages, ms, rising from 0
-- Returns for each age how many faxes are at least that old and younger than the next one; the last group has no end.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local counts = {}
local upper = '+inf' -- a producer's clock may be ahead of ours
for i = 1, #ARGV do
  local lower = ARGV[i + 1] and '(' .. (now - ARGV[i + 1]) or '-inf'
  counts[i] = redis.call('ZCOUNT', KEYS[1], lower, upper)
  upper = ARGV[i + 1] and now - ARGV[i + 1]
end
return counts
