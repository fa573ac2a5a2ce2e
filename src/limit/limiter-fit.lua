-- Tells which limit is in force, and cuts short a window of the limiter that belongs to a slower one than is to be in
-- force. Otherwise it would hold everybody back until its end.
--
-- KEYS[1] limiter of the queue   KEYS[2] meta hash of the queue
-- ARGV[1] window that is to be in force, ms   ARGV[2] the count that stands for a hold
-- Returns the jobs of a window, its length (ms) and the queue's global concurrency, as text; false for what is not set.

local count = redis.call('GET', KEYS[1])
if count and count ~= ARGV[2] and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return redis.call('HMGET', KEYS[2], 'max', 'duration', 'concurrency')
