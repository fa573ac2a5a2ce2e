-- Asks, before a fax is polled, whether this job may send the request: one round trip, atomic.
--
-- KEYS[1] result hash   KEYS[2] lease   KEYS[3] faxes in flight   KEYS[4] brake   KEYS[5] count of jobs that stand by
-- KEYS[6] pace
-- KEYS[7] candidates, see in-flight-heads.lua   KEYS[8] chosen   KEYS[9] hinted   KEYS[10] hints   KEYS[11] hint kept
-- for this fax   KEYS[12] counts of these ten minutes, see counts.ts
-- ARGV[1] fax id   ARGV[2] job id   ARGV[3] lease, ms   ARGV[4] when it was enqueued, ms since 1970   ARGV[5] how long
-- a probe may take, ms
-- ARGV[6] 1 if this job has not been seen before, else 0   ARGV[7] a job that is gone: its lease is free; '' for none
-- ARGV[8] when the job was fetched, ms since 1970
-- ARGV[9] what for: 'join' the candidates; 'poll'; or 'net', which polls if the fax was chosen, or if it is no
-- candidate, or one that was last known pending longer ago than ARGV[10], ms   ARGV[11] span of a bin in the score of a
-- candidate
-- ARGV[12] how good a probe the fax is: 'answered' if the API has answered for it, 'refused' if it refused it last or
-- only failed, 'new' if neither
-- ARGV[13] its score as a candidate   ARGV[14] least interval between two polls of a fax, ms   ARGV[15] when it was
-- last polled, ms since 1970; 0 for never
-- ARGV[16] field that counts the request   ARGV[17] after how many seconds the counts expire
-- Returns the time of Redis (ms since 1970) and one of
--   'done', fields and values of the result    the fax has its result
--   'leased', job id, jobs that stand by       another job polls this fax
--   'held', ms                                 the brake is on for so long
--   'unlimited', ms                            the job was fetched while the limit was gone, and took no slot; by then
--                                              it is back
--   'joined'                                   the fax is a candidate now
--   'yield', ms                                the brake is on, and for so long others are better probes
--   'early', ms                                the job comes so much too early: the safety net brought it, and the fax
--                                              is a candidate; or a hint did within the least interval
--   'go', refusals, by the net, hint           poll; over 0 refusals in a row so far make this the one probe. By the
--                                              net: 1 if not chosen. The hint that led to it as text; '' for none

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local result = redis.call('HGETALL', KEYS[1])
if #result > 0 then
  return { now, 'done', result }
end

local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[2] and owner ~= ARGV[7] then
  local standBys = tonumber(redis.call('GET', KEYS[5]) or 0)
  if ARGV[6] == '1' then
    standBys = redis.call('INCR', KEYS[5])
    redis.call('PEXPIRE', KEYS[5], ARGV[3])
  end
  return { now, 'leased', owner, standBys }
end
if owner == ARGV[2] then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
else
  redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
  redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
end

if ARGV[6] == '1' then
  local kept = redis.call('GET', KEYS[11])
  if kept then
    redis.call('ZADD', KEYS[9], now, ARGV[1])
    redis.call('HSET', KEYS[10], ARGV[1], kept)
    redis.call('DEL', KEYS[11])
  end
end

if ARGV[9] == 'join' then
  redis.call('ZADD', KEYS[7], ARGV[13], ARGV[1])
  redis.call('ZREM', KEYS[8], ARGV[1]) -- chosen, but its job forgot that it was seen: nothing waits for a slot now
  return { now, 'joined' }
end

local restored = tonumber(redis.call('HGET', KEYS[6], 'restored') or 0)
if tonumber(ARGV[8]) < restored then
  return { now, 'unlimited', math.max(0, restored - now) }
end

local hinted = redis.call('ZSCORE', KEYS[9], ARGV[1])
local ready = ARGV[15] + ARGV[14]
if hinted and ready > now then
  redis.call('ZADD', KEYS[9], ready, ARGV[1])
  redis.call('ZREM', KEYS[8], ARGV[1])
  return { now, 'early', ready - now }
end

local net = 0
if not hinted and ARGV[9] == 'net' and not redis.call('ZSCORE', KEYS[8], ARGV[1]) then
  local score = redis.call('ZSCORE', KEYS[7], ARGV[1])
  local left = score and tonumber(ARGV[10]) - (now - tonumber(score) % tonumber(ARGV[11])) or 0
  if left > 0 then
    return { now, 'early', left }
  end
  net = 1
end

local refusals = 0
local brake = redis.call('HMGET', KEYS[4], 'reason', 'refusals', 'heldUntil', 'probeUntil', 'patience')
if brake[1] and brake[1] ~= '' then
  local free = math.max(tonumber(brake[3]), tonumber(brake[4]))
  local patience = tonumber(brake[5] or 0)
  -- One never asked for is a probe only where it was chosen: those that wait in line would come in their order.
  if ARGV[12] == 'new' and (now < free + patience or not redis.call('ZSCORE', KEYS[8], ARGV[1])) then
    redis.call('ZADD', KEYS[7], ARGV[13], ARGV[1])
    redis.call('ZREM', KEYS[8], ARGV[1])
    return { now, 'joined' }
  end
  if now < free then
    return { now, 'held', free - now }
  end
  if ARGV[12] == 'refused' then
    local new = redis.call('ZCOUNT', KEYS[7], '-inf', '(' .. ARGV[11]) > 0
    local from = free + patience + (new and ARGV[14] or 0)
    if now < from then
      return { now, 'yield', from - now }
    end
  end
  redis.call('HSET', KEYS[4], 'probeUntil', now + ARGV[5])
  refusals = tonumber(brake[2])
end
redis.call('ZREM', KEYS[7], ARGV[1])
redis.call('ZREM', KEYS[8], ARGV[1])
-- A count that Redis refuses must not keep a fax from being polled.
if redis.pcall('HINCRBY', KEYS[12], ARGV[16], 1) == 1 then
  redis.pcall('EXPIRE', KEYS[12], ARGV[17])
end
local hint = ''
if hinted then
  hint = redis.call('HGET', KEYS[10], ARGV[1]) or ''
  redis.call('ZREM', KEYS[9], ARGV[1])
  redis.call('HDEL', KEYS[10], ARGV[1])
end
return { now, 'go', refusals, net, hint }
