-- Takes the brake off. It is remembered for a while when the last refusal was counted, so that a late answer to an
-- older request does not put it on again.
--
-- KEYS[1] brake   ARGV[1] for how long it is remembered, ms   ARGV[2] only if it is on for this reason; left out: for
-- any. Then what is refused of the requests sent so far does not put it on again.
-- Returns the reason, since when (ms since 1970) and the cause ('' for none), or an empty list if the brake was off.

local state = redis.call('HMGET', KEYS[1], 'reason', 'since', 'cause')
if not state[1] or state[1] == '' then
  return {}
end
if ARGV[2] then
  if state[1] ~= ARGV[2] then
    return {}
  end
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'countedAt', time[1] * 1000 + math.floor(time[2] / 1000))
end
redis.call('HSET', KEYS[1], 'reason', '', 'refusals', 0, 'heldUntil', 0, 'probeUntil', 0)
redis.call('HDEL', KEYS[1], 'escalated')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return { state[1], tonumber(state[2]), state[3] or '' }
