-- Notes a poll on its job: BullMQ's updateProgress and addLog in one command, and without the event of progress, which
-- nobody hears.
--
-- KEYS[1] job   KEYS[2] its log
-- ARGV[1] progress, JSON   ARGV[2] line   ARGV[3] how many lines the log keeps

if redis.call('EXISTS', KEYS[1]) == 0 then
  return
end
redis.call('HSET', KEYS[1], 'progress', ARGV[1])
if redis.call('RPUSH', KEYS[2], ARGV[2]) > tonumber(ARGV[3]) then
  redis.call('LTRIM', KEYS[2], -ARGV[3], -1)
end
