-- Takes chosen faxes: whichever worker takes a fax first has it.
--
-- KEYS[1] candidates   KEYS[2] chosen   KEYS[3] hinted   KEYS[4…] the lease of each fax   ARGV[1…] their ids
-- Returns for each fax the id of the job that polls it; '' if it has none; false if another worker has taken it, or it
-- is neither a candidate nor hinted any more.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local jobs = {}
for i = 1, #ARGV do
  jobs[i] = false
  local eligible = redis.call('ZSCORE', KEYS[1], ARGV[i]) or redis.call('ZSCORE', KEYS[3], ARGV[i])
  if eligible and redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i]) == 1 then
    jobs[i] = redis.call('GET', KEYS[i + 3]) or ''
  end
end
return jobs
