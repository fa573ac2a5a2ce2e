-- Forgets faxes whose jobs are gone: they are in flight no more, and no candidates, and their leases end. Where another
-- job has the lease by now, nothing is changed.
--
-- KEYS[1] faxes in flight   KEYS[2] candidates   KEYS[3] chosen   KEYS[4] hinted   KEYS[5] hints   KEYS[6…] the lease
-- of each fax
-- ARGV[1…] for each lease: fax id, id of the job that held it (empty if it had run out)

for i = 6, #KEYS do
  local faxId, jobId = ARGV[2 * i - 11], ARGV[2 * i - 10]
  if (redis.call('GET', KEYS[i]) or '') == jobId then
    redis.call('DEL', KEYS[i])
    redis.call('ZREM', KEYS[1], faxId)
    redis.call('ZREM', KEYS[2], faxId)
    redis.call('ZREM', KEYS[3], faxId)
    redis.call('ZREM', KEYS[4], faxId)
    redis.call('HDEL', KEYS[5], faxId)
  end
end
