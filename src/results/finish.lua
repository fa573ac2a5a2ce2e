-- Records the end of a fax: result, stream entry and publication in one atomic step, once (contract §3).
--
-- KEYS[1] result hash   KEYS[2] event stream   KEYS[3] lease   KEYS[4] faxes in flight
-- ARGV[1] channel       ARGV[2] event, JSON    ARGV[3] seconds until the result expires
-- ARGV[4] about how many entries the stream keeps   ARGV[5] fax id   ARGV[6…] field, value, field, value… of the result
-- Returns an empty list if this call recorded it; else the fields and values of the result that was there, and nothing is changed.

local existing = redis.call('HGETALL', KEYS[1])
if #existing > 0 then
  return existing
end
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'event', ARGV[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('DEL', KEYS[3])
redis.call('ZREM', KEYS[4], ARGV[5])
return {}
