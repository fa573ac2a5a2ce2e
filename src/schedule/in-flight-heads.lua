-- Gives the faxes that a slot may be spent on: of those last known pending at about the same age, the ones that were
-- asked longest ago, as no other of them can be worth more. Where as many wait for slots as should, there is nothing to
-- choose, and only hinted ones are given, which go ahead of those that wait.
--
-- KEYS[1] candidates: sorted set, member the fax id, score <bin of the age at which it was last known pending> *
-- ARGV[1] + when that was, ms since 1970   KEYS[2] chosen: sorted set, score when they were chosen   KEYS[3] faxes in
-- flight: sorted set, score when they were enqueued   KEYS[4] brake   KEYS[5] hinted: sorted set, score before which
-- they may not be polled   KEYS[6] hints   KEYS[7] what a request of the list of faxes is worth
-- ARGV[1] span of a bin in the score   ARGV[2] how many chosen faxes should wait for slots   ARGV[3] after how long a
-- chosen fax is a candidate again, ms
-- ARGV[4] after how long a chosen fax should have had its slot, ms   ARGV[5] random, from 0 up to 1
-- ARGV[6…] bins of which as many heads are given as should wait; of the others, one
-- Returns the time of Redis (ms since 1970), how many chosen faxes wait for a slot, how many faxes are in flight, how
-- many are candidates, whether the brake is on (1 or 0), for how long a fax that was never asked for is no probe (ms, 0
-- if the brake is off), some faxes that were chosen long ago; how many of the waiting are hinted, in how many ms the
-- next hinted fax may be polled (-1 for none), what a request of the list is worth ('' if there is no sweep), how many
-- of the heads are hinted; and for each head, the hinted ones first, its id, when it was last known pending and when it
-- was enqueued (ms since 1970; the former if that is not known).

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local span = tonumber(ARGV[1])
local ahead = tonumber(ARGV[2])
local MOST_HEADS = 50 -- of one bin, and hinted
local leading = {}
for i = 6, #ARGV do
  leading[tonumber(ARGV[i])] = true
end

-- Its worker died before its job was promoted, or the job was lost after it.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
local waiting = redis.call('ZCARD', KEYS[2])

local heads = {}
local isHinted = {}
local hintedWaiting, hintedInMs, hintedHeads = 0, -1, 0
if redis.call('ZCARD', KEYS[5]) > 0 then
  if waiting > 0 then
    hintedWaiting = #redis.call('ZINTER', 2, KEYS[2], KEYS[5])
  end
  for _, faxId in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'LIMIT', 0,
    hintedWaiting + math.min(ahead, MOST_HEADS))) do
    local enqueuedAt = redis.call('ZSCORE', KEYS[3], faxId)
    if not enqueuedAt then
      redis.call('ZREM', KEYS[5], faxId)
      redis.call('HDEL', KEYS[6], faxId)
    elseif not redis.call('ZSCORE', KEYS[2], faxId) then
      local score = redis.call('ZSCORE', KEYS[1], faxId)
      heads[#heads + 1] = faxId
      heads[#heads + 1] = score and score % span or tonumber(enqueuedAt)
      heads[#heads + 1] = tonumber(enqueuedAt)
      hintedHeads = hintedHeads + 1
      isHinted[faxId] = true
    end
  end
  local later = redis.call('ZRANGEBYSCORE', KEYS[5], '(' .. now, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  hintedInMs = later[2] and later[2] - now or -1
end
local brake = redis.call('HMGET', KEYS[4], 'reason', 'heldUntil', 'probeUntil', 'patience')
local braked = brake[1] and brake[1] ~= ''
local from = '-inf'
while waiting < ahead do
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if #first == 0 then
    break
  end
  local bin = math.floor(first[2] / span)
  local nextBin = string.format('%.0f', (bin + 1) * span)
  local each = leading[bin] and math.min(ahead, MOST_HEADS) or 1
  local some = first
  local probes = bin == 0 and braked
  -- Those chosen or hinted already are passed over; there are few.
  local most = each + waiting + hintedHeads
  if most > 1 or probes then
    local until_ = '(' .. nextBin
    -- A probe that was never asked for is any of them: the oldest may be the very ones that are always refused.
    local offset = probes and math.floor(ARGV[5] * redis.call('ZCOUNT', KEYS[1], '-inf', until_)) or 0
    some = redis.call('ZRANGEBYSCORE', KEYS[1], some[2], until_, 'WITHSCORES', 'LIMIT', offset, most)
  end
  local taken = 0
  for i = 1, #some, 2 do
    if taken == each then
      break
    end
    if not isHinted[some[i]] and (waiting == 0 or not redis.call('ZSCORE', KEYS[2], some[i])) then
      local pendingAt = some[i + 1] - bin * span
      heads[#heads + 1] = some[i]
      heads[#heads + 1] = pendingAt
      heads[#heads + 1] = tonumber(redis.call('ZSCORE', KEYS[3], some[i]) or pendingAt)
      taken = taken + 1
    end
  end
  from = nextBin
end
local newAfter = braked and math.max(tonumber(brake[2]), tonumber(brake[3])) + tonumber(brake[4] or 0) - now or 0
return { now, waiting, redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[1]), braked and 1 or 0,
  math.max(0, newAfter), redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[4], 'LIMIT', 0, 50), hintedWaiting,
  hintedInMs, redis.call('GET', KEYS[7]) or '', hintedHeads, heads }
