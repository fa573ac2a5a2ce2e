-- Gives a slot of the pace back that a job took without sending a request, so that the next job need not wait for it.
-- Only if the slot is still that job's: not if the queue is held meanwhile, nor if the window is a later one.
--
-- KEYS[1] limiter of the queue   KEYS[2] credit, see limiter-check.lua
-- ARGV[1] window, ms   ARGV[2] at least how long ago the slot was taken, ms   ARGV[3] the count that stands for a hold
-- Returns 1 if it was given back, else 0.

local MOST_CREDIT = 8 -- of a window: requests come closer to each other by no more

local count = redis.call('GET', KEYS[1])
if not count or count == ARGV[3] or tonumber(count) < 1 then
  return 0
end
local age = tonumber(ARGV[1]) - redis.call('PTTL', KEYS[1])
if age < tonumber(ARGV[2]) then
  return 0
end
-- BullMQ begins a window with its first job: when the only slot is taken again, the time until then would be lost.
if redis.call('DECR', KEYS[1]) == 0 and age < tonumber(ARGV[1]) then
  local credit = math.min(tonumber(redis.call('GET', KEYS[2]) or 0) + age, math.floor(ARGV[1] / MOST_CREDIT))
  redis.call('SET', KEYS[2], credit, 'PX', ARGV[1] - age)
end
return 1
