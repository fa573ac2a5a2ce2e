-- Records the end of a fax: result, stream entry and publication in one atomic step, once. Lua does not roll back, so
-- what can fail comes first, and the result, which makes a fax final, comes last. If Redis refuses a step, there is no
-- result, and the next visit makes up for it.
--
-- KEYS[1] result hash   KEYS[2] event stream   KEYS[3] lease   KEYS[4] faxes in flight   KEYS[5] count of jobs that
-- stand by
-- KEYS[6] candidates   KEYS[7] chosen   KEYS[8] hinted   KEYS[9] hints   KEYS[10] counts of these ten minutes, see
-- counts.ts
-- ARGV[1] channel       ARGV[2] event, JSON    ARGV[3] seconds until the result expires
-- ARGV[4] about how many entries the stream keeps   ARGV[5] fax id   ARGV[6] field that counts how it ended   ARGV[7]
-- field that sums up how late faxes were found   ARGV[8] how late this one was at most, ms; 0 for not to be counted
-- ARGV[9] after how many seconds the counts expire   ARGV[10…] field, value, field, value… of the result
-- Returns an empty list if this call recorded it; else the fields and values of the result that was there, with nothing
-- changed.

local existing = redis.call('HGETALL', KEYS[1])
if #existing > 0 then
  return existing
end
-- A stream key of another type would refuse the entry after the publication has gone out.
local stream = redis.call('TYPE', KEYS[2]).ok
if stream ~= 'none' and stream ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' is no stream: rename or delete it')
end
-- The same of permissions, where Redis can tell (7.0 and later).
if redis.acl_check_cmd then
  if not redis.acl_check_cmd('XADD', KEYS[2], '*', 'event', '')
    or not redis.acl_check_cmd('HSET', KEYS[1], 'faxJobId', '')
    or not redis.acl_check_cmd('EXPIRE', KEYS[1], ARGV[3]) or not redis.acl_check_cmd('PUBLISH', ARGV[1], '') then
    return redis.error_reply('NOPERM the user of Redis may not store results: /readyz says which permission is missing')
  end
end
-- Changes nothing, but is refused when memory is short, which PUBLISH is not.
redis.call('APPEND', KEYS[3], '')
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'event', ARGV[2])
redis.call('HSET', KEYS[1], unpack(ARGV, 10))
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('DEL', KEYS[3], KEYS[5])
redis.call('ZREM', KEYS[4], ARGV[5])
redis.call('ZREM', KEYS[6], ARGV[5])
redis.call('ZREM', KEYS[7], ARGV[5])
redis.call('ZREM', KEYS[8], ARGV[5])
redis.call('HDEL', KEYS[9], ARGV[5])
-- A count that Redis refuses must not undo a result.
if redis.pcall('HINCRBY', KEYS[10], ARGV[6], 1) == 1 then
  redis.pcall('EXPIRE', KEYS[10], ARGV[9])
end
if ARGV[8] ~= '0' then
  redis.pcall('HINCRBY', KEYS[10], ARGV[7], ARGV[8])
end
return {}
