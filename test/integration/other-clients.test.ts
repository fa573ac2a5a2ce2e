import { execFileSync } from 'node:child_process';
import { afterEach, expect, it } from '@jest/globals';
import { createClient } from 'redis';
import type { FaxCompletedEvent } from '../../src/contract/event.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { HAS_REDIS_SERVER } from '../support/redis-server.ts';
import { useRedis } from '../support/use-redis.ts';

// Consumers that have nothing of this project. BullMQ 5 as a producer: test/faults/upgrade.test.ts; plain ioredis: the
// harness itself.

const redis = useRedis();
const withRedisCli = HAS_REDIS_SERVER ? it : it.skip;
let harness: Harness;
afterEach(() => harness.stop());

it('node-redis subscribes to events, and reads result and stream', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  const { KEY_PREFIX } = harness.settings;
  const reader = await createClient({ url: redis.url }).connect();
  const subscriber = await reader.duplicate().connect();
  const published = new Promise<string>((resolve) => void subscriber.subscribe(`${KEY_PREFIX}completed`, resolve));
  harness.simulator.send(200, fateOf('busy', 200));
  await harness.enqueue(200, { data: { metadata: { invoice: 'A-17' } } });
  const event = JSON.parse(await published) as FaxCompletedEvent;
  expect(event).toMatchObject({
    id: 'fax-200',
    type: 'fax.job.completed',
    data: { state: 'failed', reason: 'busy', metadata: { invoice: 'A-17' } },
  });
  expect(await reader.hGetAll(`${KEY_PREFIX}status:200`)).toMatchObject({
    state: 'failed',
    reason: 'busy',
    metadata: '{"invoice":"A-17"}',
  });
  expect(
    (await reader.xRange(`${KEY_PREFIX}events`, '-', '+'))?.map(
      ({ message }) => JSON.parse(message['event'] ?? '') as unknown,
    ),
  ).toEqual([event]);
  subscriber.destroy();
  reader.destroy();
});

withRedisCli('redis-cli reads result and stream', async () => {
  harness = await Harness.start({ redisUrl: redis.url });
  harness.simulator.send(200, fateOf('sent', 0));
  await harness.enqueue(200);
  const event = await harness.event(200);
  const cli = (...args: string[]): string =>
    execFileSync('redis-cli', ['-u', redis.url, '--raw', ...args], { encoding: 'utf8' }).trim();
  expect(cli('HMGET', `${harness.settings.KEY_PREFIX}status:200`, 'state', 'reason')).toBe('sent\nok');
  expect(
    JSON.parse(cli('XREVRANGE', `${harness.settings.KEY_PREFIX}events`, '+', '-', 'COUNT', '1').split('\n')[2] ?? ''),
  ).toEqual(event);
});
