-- Adds what a worker has learned to the completion model of all, and gives the model back.
--
-- KEYS[1] model: hash, fields e<bin> exposure (ms), c<bin> completions, n completions in all
-- ARGV[1] completions added   ARGV[2] above how many in all the model is aged   ARGV[3…] field, amount, field, amount…
-- Returns the fields and values of the model. Ageing halves all of them, so that what is recent counts for more.

for i = 3, #ARGV, 2 do
  redis.call('HINCRBYFLOAT', KEYS[1], ARGV[i], ARGV[i + 1])
end
local n = tonumber(redis.call('HINCRBYFLOAT', KEYS[1], 'n', ARGV[1]))
local model = redis.call('HGETALL', KEYS[1])
if n > tonumber(ARGV[2]) then
  for i = 2, #model, 2 do
    model[i] = tostring(tonumber(model[i]) / 2)
  end
  redis.call('HSET', KEYS[1], unpack(model))
end
return model
