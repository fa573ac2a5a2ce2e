-- Takes a slot of the pace for a request that no job makes, as BullMQ takes one for a job that it hands out. Jobs that
-- wait for a slot go first, and while the queue is paused there is none.
--
-- KEYS[1] limiter of the queue   KEYS[2] jobs that wait   KEYS[3] meta hash of the queue
-- ARGV[1] jobs of a window   ARGV[2] window, ms   ARGV[3] time to the next try while jobs wait, ms
-- ARGV[4] the same while the queue is paused
-- Returns 0 if it was taken, else after how many ms to try again.

if redis.call('HEXISTS', KEYS[3], 'paused') == 1 then
  return tonumber(ARGV[4])
end
local left = redis.call('PTTL', KEYS[1])
if left == 0 then
  redis.call('DEL', KEYS[1]) -- it has under a millisecond: counted into it, the slot would be free again at once
end
left = math.max(left, 0)
if redis.call('LLEN', KEYS[2]) > 0 then
  return math.max(left, tonumber(ARGV[3]))
end
if left > 0 and tonumber(redis.call('GET', KEYS[1]) or 0) >= tonumber(ARGV[1]) then
  return left
end
if redis.call('INCR', KEYS[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
