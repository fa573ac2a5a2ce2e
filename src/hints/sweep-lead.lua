-- Makes a worker the one that sweeps the list of faxes, if no other is, and tells it whether it may.
--
-- KEYS[1] sweeper   KEYS[2] faxes in flight   KEYS[3] brake   KEYS[4] hinted
-- ARGV[1] worker   ARGV[2] for how long from now, ms
-- Returns the time of Redis (ms since 1970), 1 if it is the worker that sweeps, how many faxes are in flight, whether
-- the brake is on (1 or 0), and how many hinted faxes may be polled now.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sweeper = redis.call('GET', KEYS[1])
if not sweeper or sweeper == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  sweeper = ARGV[1]
end
local reason = redis.call('HGET', KEYS[3], 'reason')
return { now, sweeper == ARGV[1] and 1 or 0, redis.call('ZCARD', KEYS[2]), reason and reason ~= '' and 1 or 0,
  redis.call('ZCOUNT', KEYS[4], '-inf', now) }
