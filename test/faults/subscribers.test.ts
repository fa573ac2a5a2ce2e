import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { FaxStatusClient } from '../../src/client/client.ts';
import { BoundedRedis } from '../../src/client/bounded-redis.ts';
import { Subscription } from '../../src/client/subscription.ts';
import type { FaxCompletedEvent } from '../../src/contract/event.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { FaultyFleet, FAXES, NO_LOSSES } from './fleet.ts';

let redis: TestRedis;
let fleet: FaultyFleet;
beforeEach(async () => {
  redis = await startTestRedis();
  fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 2 });
});
afterEach(async () => {
  await fleet.stop();
  await redis.stop();
});

/** Subscribes as bare TCP does, and never reads. */
async function subscribeDeaf(channel: string): Promise<Socket> {
  const socket = connect(Number(new URL(redis.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`SUBSCRIBE ${channel}\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  return socket.pause();
}

it('slow and dead subscribers do no harm', async () => {
  const channel = `${fleet.harness.settings.KEY_PREFIX}completed`;
  const [slow, dead] = [await subscribeDeaf(channel), await subscribeDeaf(channel)];
  await fleet.send(FAXES, 2_000);
  dead.resetAndDestroy();
  expect(await fleet.losses('a slow and a dead subscriber', 2)).toEqual(NO_LOSSES);
  slow.destroy();
}, 120_000);

it('a subscriber that was away again and again reads on from its last event id: no gap, no repetition', async () => {
  const proxy = await TcpProxy.start(Number(new URL(redis.url).port));
  const received: FaxCompletedEvent[] = [];
  const size = FAXES;
  const sending = fleet.send(size, 3_000);
  for (let rounds = 0; received.length < size; rounds += 1) {
    // Each round is a new process of that subscriber: all that it kept is the id of its last event.
    const client = new FaxStatusClient({
      redis: () => quiet(new Redis(proxy.url, { maxRetriesPerRequest: null })),
      keyPrefix: fleet.harness.settings.KEY_PREFIX,
    });
    const stop = new AbortController();
    for await (const event of client.events({ since: received.at(-1)?.id ?? '0', signal: stop.signal })) {
      received.push(event);
      if (received.length % 7 === 0) proxy.reset(); // its connection breaks, and it goes on
      if (received.length % 40 === 0 || received.length === size) stop.abort(); // it ends
    }
    await client.close();
  }
  await sending;
  const inStream = await fleet.harness.redis.xrange(`${fleet.harness.settings.KEY_PREFIX}events`, '-', '+');
  expect(received).toEqual(inStream.map(([, fields]) => JSON.parse(fields[1] ?? '') as FaxCompletedEvent));
  expect(await fleet.losses('a subscriber away and back', Math.floor(size / 40))).toEqual(NO_LOSSES);
  await proxy.stop();
}, 120_000);

function quiet(client: Redis): Redis {
  client.on('error', () => undefined);
  return client;
}

it('a subscription that is closed just when its connection comes back ends quietly', async () => {
  const proxy = await TcpProxy.start(Number(new URL(redis.url).port));
  for (let round = 0; round < 30; round += 1) {
    const subscriber = quiet(new Redis(proxy.url, { maxRetriesPerRequest: null, retryStrategy: () => 1 }));
    await new Subscription(new BoundedRedis(subscriber, 10_000, new AbortController().signal), {
      channel: 'any',
    }).ready();
    const back = new Promise((resolve) => void subscriber.once('ready', resolve));
    proxy.reset();
    await back;
    const ended = new Promise((resolve) => void subscriber.once('end', resolve));
    subscriber.disconnect(); // what it sends to subscribe again is under way
    await ended;
  }
  await new Promise(setImmediate); // when Node tells of a rejection that nobody handled, for which Jest fails the test
  await proxy.stop();
});
