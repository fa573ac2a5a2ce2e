-- Takes faxes whose jobs are gone off those in flight, and ends their leases. Where another job has the lease by now, nothing
-- is changed.
--
-- KEYS[1] faxes in flight   KEYS[2…] the lease of each fax
-- ARGV[1…] for each lease: fax id, id of the job that held it (empty if it had run out)

for i = 2, #KEYS do
  local faxId, jobId = ARGV[2 * i - 3], ARGV[2 * i - 2]
  if (redis.call('GET', KEYS[i]) or '') == jobId then
    redis.call('DEL', KEYS[i])
    redis.call('ZREM', KEYS[1], faxId)
  end
end
