-- Counts what was seen of a word. What is recent counts for more: if the count and the one that speaks against it
-- exceed a most, both are halved.
--
-- KEYS[1] what was learned of the list of faxes
-- ARGV[1] field   ARGV[2] field of the count against it   ARGV[3] how often   ARGV[4] the most of both together

local count = redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[3])
local against = tonumber(redis.call('HGET', KEYS[1], ARGV[2]) or 0)
if count + against > tonumber(ARGV[4]) then
  redis.call('HSET', KEYS[1], ARGV[1], math.floor(count / 2), ARGV[2], math.floor(against / 2))
end
return nil
