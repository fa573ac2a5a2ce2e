import { expect, it } from '@jest/globals';
import { keysOf } from '../../src/contract/keys.ts';
import { loadScript } from '../../src/redis/script.ts';
import { pairs } from '../../src/polling/result-store.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// learn.lua by itself.

const redis = useRedisClient();
const { model } = keysOf('fax:');

type Model = Record<string, number>;

/** Adds completions and amounts by field. @returns the model that the script gives back */
async function learn(completions: number, amounts: Model, agedAbove = 100): Promise<Model> {
  const run = loadScript<string[]>(redis.client, new URL('../../src/schedule/model-learn.lua', import.meta.url));
  const reply = pairs(await run([model], [completions, agedAbove, ...Object.entries(amounts).flat()]));
  return numbers(reply);
}

const numbers = (texts: Record<string, string>): Model =>
  Object.fromEntries(Object.entries(texts).map(([field, text]) => [field, Number(text)]));

it('what workers learn adds up, and each gets what all have learned', async () => {
  await learn(1, { e0: 50, c3: 1 });
  const both = await learn(2, { e0: 25.5, e7: 10, c3: 0.25, c4: 1.75 });
  expect(both).toEqual({ n: 3, e0: 75.5, e7: 10, c3: 1.25, c4: 1.75 });
  expect(numbers(await redis.client.hgetall(model))).toEqual(both);
});

it('with nothing new, the model comes back as it is', async () => {
  await learn(1, { e0: 50 });
  expect(await learn(0, {})).toEqual({ n: 1, e0: 50 });
});

it('a model of as many completions as it may remember is left as it is', async () => {
  expect(await learn(100, { e0: 50, c1: 100 })).toEqual({ n: 100, e0: 50, c1: 100 });
});

it('above that all of it is halved, so that what is recent counts for more', async () => {
  await learn(100, { e0: 50, c1: 100 });
  const aged = await learn(2, { c1: 2 });
  expect(aged).toEqual({ n: 51, e0: 25, c1: 51 });
  expect(numbers(await redis.client.hgetall(model))).toEqual(aged);
});
