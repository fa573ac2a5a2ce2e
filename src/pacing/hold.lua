-- Stops the whole queue for a while, by BullMQ's own limiter key. The longest hold wins: BullMQ's queue.rateLimit() would let a
-- shorter one shorten it.
--
-- KEYS[1] limiter of the queue   ARGV[1] hold, ms   ARGV[2] the count that stands for a hold
-- Returns for how long the queue is now held, ms.

local left = redis.call('PTTL', KEYS[1])
if redis.call('GET', KEYS[1]) == ARGV[2] and left >= tonumber(ARGV[1]) then
  return left
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[1])
return tonumber(ARGV[1])
