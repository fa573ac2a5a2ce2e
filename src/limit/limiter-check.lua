-- Tells which limit is in force, before a request, and makes up for the time that slots given back took from their
-- windows: the window that a slot was taken of again ends so much sooner.
--
-- KEYS[1] limiter of the queue   KEYS[2] meta hash of the queue   KEYS[3] credit: ms, with an expiry
-- ARGV[1] the count that stands for a hold
-- Returns the jobs of a window and its length (ms), as text; false for what is not set.

local credit = redis.call('GET', KEYS[3])
local count = credit and redis.call('GET', KEYS[1])
if count and count ~= ARGV[1] and tonumber(count) > 0 then
  local left = redis.call('PTTL', KEYS[1]) - credit
  if left > 0 then
    redis.call('PEXPIRE', KEYS[1], left)
  end
  redis.call('DEL', KEYS[3])
end
return redis.call('HMGET', KEYS[2], 'max', 'duration')
