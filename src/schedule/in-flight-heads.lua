-- Gives the faxes that a slot may be spent on: of those last known pending at about the same age, the ones that were
-- asked longest ago, as no other of them can be worth more.
--
-- KEYS[1] candidates: sorted set, member the fax id, score <bin of the age at which it was last known pending> *
-- ARGV[1] + when that was, ms since 1970   KEYS[2] chosen: sorted set, score when they were chosen   KEYS[3] faxes in
-- flight: sorted set, score when they were enqueued   KEYS[4] brake
-- ARGV[1] span of a bin in the score   ARGV[2] how many faxes of each bin   ARGV[3] after how long a chosen fax is a
-- candidate again, ms
-- ARGV[4] after how long a chosen fax should have had its slot, ms
-- Returns the time of Redis (ms since 1970), how many chosen faxes wait for a slot, how many faxes are in flight, how
-- many are candidates, whether the brake is on (1 or 0), for how long a fax that was never asked for is no probe (ms, 0
-- if the brake is off), some faxes that were chosen long ago, and for each head its id, when it was last known pending
-- and when it was enqueued (ms since 1970; the former if that is not known).

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local span = tonumber(ARGV[1])
local each = tonumber(ARGV[2])

-- Its worker died before its job was promoted, or the job was lost after it.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
local waiting = redis.call('ZCARD', KEYS[2])

local heads = {}
local from = '-inf'
while true do
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #first == 0 then
    break
  end
  local bin = math.floor(first[2] / span)
  -- Those chosen already are passed over; there are few.
  local until_ = '(' .. string.format('%.0f', (bin + 1) * span)
  local some = redis.call('ZRANGEBYSCORE', KEYS[1], first[2], until_, 'WITHSCORES', 'LIMIT', 0, each + waiting)
  local taken = 0
  for i = 1, #some, 2 do
    if taken == each then
      break
    end
    if waiting == 0 or not redis.call('ZSCORE', KEYS[2], some[i]) then
      local pendingAt = some[i + 1] - bin * span
      heads[#heads + 1] = some[i]
      heads[#heads + 1] = pendingAt
      heads[#heads + 1] = tonumber(redis.call('ZSCORE', KEYS[3], some[i]) or pendingAt)
      taken = taken + 1
    end
  end
  from = string.format('%.0f', (bin + 1) * span)
end
local brake = redis.call('HMGET', KEYS[4], 'reason', 'heldUntil', 'probeUntil', 'patience')
local braked = brake[1] and brake[1] ~= ''
local newAfter = braked and math.max(tonumber(brake[2]), tonumber(brake[3])) + tonumber(brake[4] or 0) - now or 0
return { now, waiting, redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[1]), braked and 1 or 0,
  math.max(0, newAfter), redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[4], 'LIMIT', 0, 50), heads }
