import { expect, it } from '@jest/globals';
import { loadScript } from '../../src/redis/script.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// note.lua by itself.

const redis = useRedisClient();
const JOB = 'bull:fax-status:1';
const LOG = `${JOB}:logs`;

async function note(progress: string, line: string, kept = 3): Promise<unknown> {
  const run = loadScript<null>(redis.client, new URL('../../src/polling/notes-add.lua', import.meta.url));
  return run([JOB, LOG], [progress, line, kept]);
}

it('a job gets its progress and a line, and keeps what else it has', async () => {
  await redis.client.hset(JOB, { data: '{}', progress: '0' });
  await note('{"polls":1}', 'poll 1');
  expect(await redis.client.hgetall(JOB)).toEqual({ data: '{}', progress: '{"polls":1}' });
  expect(await redis.client.lrange(LOG, 0, -1)).toEqual(['poll 1']);
});

it('the log keeps its last lines', async () => {
  await redis.client.hset(JOB, 'data', '{}');
  for (const poll of [1, 2, 3]) await note('{}', `poll ${poll}`);
  expect(await redis.client.lrange(LOG, 0, -1)).toEqual(['poll 1', 'poll 2', 'poll 3']);
  for (const poll of [4, 5]) await note('{}', `poll ${poll}`);
  expect(await redis.client.lrange(LOG, 0, -1)).toEqual(['poll 3', 'poll 4', 'poll 5']);
});

it('a job that is gone is not brought back, nor its log', async () => {
  await note('{"polls":1}', 'poll 1');
  expect(await redis.client.exists(JOB, LOG)).toBe(0);
});
