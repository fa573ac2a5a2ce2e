-- Tries whether a result could be stored now, without storing one.
--
-- KEYS[1] a result hash   KEYS[2] event stream   KEYS[3] a key of its own, written for the trial   KEYS[4] a sorted set
-- of ours
-- ARGV[1] channel of events   ARGV[2] channel of alerts
-- Returns 'OK', or what is in the way. Redis's own error (OOM, READONLY, MISCONF, NOPERM) says it as well.

local stream = redis.call('TYPE', KEYS[2]).ok
if stream ~= 'none' and stream ~= 'stream' then
  return 'WRONGTYPE ' .. KEYS[2] .. ' is no stream'
end
if redis.acl_check_cmd then
  local needed = {
    { 'HSET', KEYS[1], 'faxJobId', '' },
    { 'EXPIRE', KEYS[1], '1' },
    { 'XADD', KEYS[2], '*', 'event', '' },
    { 'PUBLISH', ARGV[1], '' },
    { 'PUBLISH', ARGV[2], '' },
    { 'APPEND', KEYS[3], '' },
    { 'DEL', KEYS[3] },
    { 'ZREM', KEYS[4], '' },
  }
  for _, command in ipairs(needed) do
    if not redis.acl_check_cmd(unpack(command)) then
      return 'NOPERM ' .. command[1] .. ' ' .. command[2]
    end
  end
end
redis.call('SET', KEYS[3], '1', 'PX', 60000)
return 'OK'
