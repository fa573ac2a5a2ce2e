-- Takes hints: a fax in flight is polled next; a hint of one that has no result and is not in flight is kept for a
-- while.
--
-- KEYS[1] faxes in flight   KEYS[2] hinted   KEYS[3] hints   KEYS[4…] for each hint: result, kept hint
-- ARGV[1] how long a hint is kept, ms   ARGV[2…] for each hint: fax id, the hint as text
-- Returns for each 'watched', 'finished' or 'kept'.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = {}
for i = 1, (#ARGV - 1) / 2 do
  local faxId, hint = ARGV[2 * i], ARGV[2 * i + 1]
  if redis.call('ZSCORE', KEYS[1], faxId) then
    -- The same hint again changes nothing: it may be waiting for the least interval to pass.
    if redis.call('ZADD', KEYS[2], 'NX', now, faxId) == 1 then
      redis.call('HSET', KEYS[3], faxId, hint)
    end
    taken[i] = 'watched'
  elseif redis.call('EXISTS', KEYS[2 * i + 2]) == 1 then
    taken[i] = 'finished'
  else
    redis.call('SET', KEYS[2 * i + 3], hint, 'PX', ARGV[1])
    taken[i] = 'kept'
  end
end
return taken
