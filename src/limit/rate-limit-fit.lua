-- Cuts short a window of the limiter that belongs to a slower limit than the one in force. Otherwise it would hold
-- everybody back until its end.
--
-- KEYS[1] limiter of the queue   ARGV[1] window in force, ms   ARGV[2] the count that stands for a hold
-- Returns 1 if it was cut short, else 0.

local count = redis.call('GET', KEYS[1])
if count and count ~= ARGV[2] and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[1]) then
  return redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return 0
