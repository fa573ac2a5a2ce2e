-- Counts a refusal and prolongs the hold. Refusals of requests that were sent before the last one was counted belong to
-- it: they neither count nor start an episode.
--
-- KEYS[1] brake   KEYS[2] candidates, see in-flight-heads.lua   KEYS[3] when workers were answered   KEYS[4] faxes in
-- flight
-- ARGV[1] reason   ARGV[2] when the request was sent, ms since 1970   ARGV[3] hold, ms   ARGV[4] 1 if the API itself
-- named the hold
-- ARGV[5] the cause in a few words, '' for none   ARGV[6] least interval between two polls of a fax, ms   ARGV[7] span
-- of a bin in the score of a candidate   ARGV[8] a digest of the key that was refused
-- Returns counted (0 or 1), the reason before ('' if the brake was off), the reason now, refusals in a row, since when
-- (ms since 1970), for how long held from now (ms), the time of Redis (ms since 1970).

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
-- The best probe is a fax that the API has answered for. If there is one, it is a candidate, or was answered for lately
-- and comes back after the least interval: other faxes let it go first for so long.
local patience = 0
if redis.call('ZCARD', KEYS[4]) > 1 then
  local newest = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2]
  local answeredLately = newest and tonumber(newest) > since - 2 * ARGV[6] - 1000 -- noted once a second
  if answeredLately or redis.call('ZCOUNT', KEYS[2], ARGV[7], '+inf') > 0 then
    patience = ARGV[6]
  end
end
redis.call('HSET', KEYS[1], 'reason', ARGV[1], 'refusals', refusals, 'heldUntil', heldUntil, 'probeUntil', 0,
  'since', since, 'countedAt', now, 'cause', ARGV[5], 'patience', patience, 'key', ARGV[8])
redis.call('PERSIST', KEYS[1])
return { 1, before, ARGV[1], refusals, since, heldUntil - now, now }
