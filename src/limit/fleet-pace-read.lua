-- Says how fast the fleet may go: keeps this worker's ceiling, forgets workers that are gone, and gives the lowest
-- ceiling of those alive.
--
-- KEYS[1] ceilings: hash, worker -> "<requests per second> <last seen, ms since 1970>"   KEYS[2] refusals: sorted set
-- of when the pace was halved
-- ARGV[1] worker   ARGV[2] its ceiling, requests per second   ARGV[3] after how long a silent worker counts as gone, ms
-- ARGV[4] after how long a refusal has no effect any more, ms
-- Returns the time of Redis (ms since 1970), how many workers are alive, the lowest and the highest ceiling (text, as
-- Lua numbers lose their fraction in a reply), and when the pace was halved (ms since 1970, rising).

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. now)
redis.call('PEXPIRE', KEYS[1], ARGV[3])

local alive = 0
local lowest, highest
local entries = redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
  local ceiling, seen = string.match(entries[i + 1], '^(%S+) (%d+)$')
  if not seen or now - tonumber(seen) > tonumber(ARGV[3]) then
    redis.call('HDEL', KEYS[1], entries[i])
  else
    alive = alive + 1
    if not lowest or tonumber(ceiling) < tonumber(lowest) then
      lowest = ceiling
    end
    if not highest or tonumber(ceiling) > tonumber(highest) then
      highest = ceiling
    end
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[4])
return { now, alive, lowest, highest, redis.call('ZRANGE', KEYS[2], 0, -1) }
