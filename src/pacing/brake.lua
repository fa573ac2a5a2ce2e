-- Counts a refusal and prolongs the hold. Refusals of requests that were sent before the last one was counted belong to it:
-- they neither count nor start an episode.
--
-- KEYS[1] brake
-- ARGV[1] reason   ARGV[2] when the request was sent, ms since 1970   ARGV[3] hold, ms   ARGV[4] 1 if the API itself named the hold
-- ARGV[5] the cause in a few words, '' for none
-- Returns counted (0 or 1), the reason before ('' if the brake was off), the reason now, refusals in a row, since when (ms since 1970),
-- for how long held from now (ms), the time of Redis (ms since 1970).

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local state = redis.call('HMGET', KEYS[1], 'reason', 'refusals', 'heldUntil', 'since', 'countedAt')
local before = state[1] or ''
local refusals = tonumber(state[2] or 0)
local heldUntil = tonumber(state[3] or 0)
local since = tonumber(state[4] or now)

if state[5] and tonumber(ARGV[2]) < tonumber(state[5]) then
  if before ~= '' and ARGV[4] == '1' and now + ARGV[3] > heldUntil then
    heldUntil = now + ARGV[3]
    redis.call('HSET', KEYS[1], 'heldUntil', heldUntil)
  end
  return { 0, before, before, refusals, since, math.max(0, heldUntil - now), now }
end

if before ~= ARGV[1] then
  since = now
  redis.call('HDEL', KEYS[1], 'escalated')
end
refusals = before == '' and 1 or refusals + 1
heldUntil = math.max(heldUntil, now + ARGV[3])
redis.call('HSET', KEYS[1], 'reason', ARGV[1], 'refusals', refusals, 'heldUntil', heldUntil, 'probeUntil', 0,
  'since', since, 'countedAt', now, 'cause', ARGV[5])
redis.call('PERSIST', KEYS[1])
return { 1, before, ARGV[1], refusals, since, heldUntil - now, now }
