import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import {
  ClosedError,
  FaxStatusClient,
  RedisUnavailableError,
  WaitTimeoutError,
  type ClientOptions,
} from '../../src/index.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { freePort, startTestRedis } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { useRedis } from '../support/use-redis.ts';

// The client library while Redis is away: every call has an end.

const redis = useRedis();
const COMMAND_TIMEOUT_MS = 300;

/** All that a client can be asked for. */
const calls = (client: FaxStatusClient): Record<string, () => Promise<unknown>> => ({
  track: () => client.track(1),
  trackMany: () => client.trackMany([1, 2]),
  status: () => client.status(1),
  wait: () => client.wait(1),
  cancel: () => client.cancel(1),
  lastEventId: () => client.lastEventId(),
  events: () => client.events({ since: '0' }).next(),
  alerts: () => client.alerts().next(),
});
const names = ['track', 'trackMany', 'status', 'wait', 'cancel', 'lastEventId', 'events', 'alerts'];

describe.each(['a URL', 'connections that never give up'])('with %s', (kind) => {
  let nobody: string;
  let client: FaxStatusClient;
  beforeEach(async () => {
    nobody = `redis://127.0.0.1:${await freePort()}`;
  });
  afterEach(() => client.close());
  const start = (options: ClientOptions = {}): FaxStatusClient => {
    const connect = (): Redis => new Redis(nobody, { maxRetriesPerRequest: null });
    client = new FaxStatusClient({ redis: kind === 'a URL' ? nobody : connect, ...options });
    return client;
  };

  it.each(names)('%s ends with a typed error when Redis does not answer in time', async (name) => {
    const call = calls(start({ commandTimeoutMs: COMMAND_TIMEOUT_MS }))[name];
    const error = await call?.().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RedisUnavailableError);
    const message = expect.stringMatching(/ECONNREFUSED.*check/);
    expect(error).toMatchObject({ code: 'ERR_REDIS_UNAVAILABLE', message });
  });

  it('close ends at once, and with it every call, those under way and those that come later', async () => {
    const underWay = Object.entries(calls(start())).map(async ([name, call]) => [name, await outcome(call())]);
    await client.close();
    const done = { value: undefined, done: true };
    const expected = names.map((name) => [name, ['events', 'alerts'].includes(name) ? done : ClosedError]);
    expect(await Promise.all(underWay)).toEqual(expected);
    for (const [name, call] of Object.entries(calls(client))) {
      expect([name, await outcome(call())]).toEqual([name, ClosedError]);
    }
  });

  it('wait keeps its own time-out', async () => {
    await expect(start().wait(1, { timeoutMs: 100 })).rejects.toThrow(WaitTimeoutError);
  });
});

const outcome = async (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: unknown) => (error as Error).constructor);

it('a source that never yields does not keep trackMany when the client is closed', async () => {
  const client = new FaxStatusClient({ redis: redis.url });
  async function* never(): AsyncGenerator<number> {
    await new Promise(() => undefined);
    yield 1;
  }
  const tracking = expect(client.trackMany(never())).rejects.toThrow(ClosedError);
  await client.close();
  await tracking;
});

it('wait, events and alerts ride out an outage, and a call that failed meanwhile has no effect later', async () => {
  const harness = await Harness.start({ redisUrl: redis.url });
  const proxy = await TcpProxy.start(Number(new URL(redis.url).port));
  const { QUEUE_NAME: queueName, KEY_PREFIX: keyPrefix } = harness.settings;
  const client = new FaxStatusClient({ redis: proxy.url, queueName, keyPrefix, commandTimeoutMs: 2_000 });
  harness.simulator.send(1, fateOf('pending', 0));
  harness.simulator.send(2, fateOf('sent', 0));
  const events = client.events({ since: '0' });
  const alerts = client.alerts();
  const listening = async (channel: string): Promise<number> => {
    return (await harness.redis.pubsub('NUMSUB', `${keyPrefix}${channel}`))[1] as number;
  };
  // All have begun once each has given something: that Redis counts a subscriber does not say that the client knows.
  await client.trackMany([1, 2]);
  await client.wait(2);
  expect((await events.next()).value?.subject).toBe('2');
  const firstAlert = alerts.next();
  await harness.untilAsync(async () => ((await listening('alerts')) > 1 ? true : undefined));
  await harness.redis.publish(`${keyPrefix}alerts`, '{}');
  await firstAlert;
  const seen = Promise.all([client.wait(1), events.next(), alerts.next()]);
  expect(await client.status(1)).toMatchObject({ kind: 'in_flight' }); // takes longer than the first look of wait
  await proxy.stop();
  for (let i = 0; i < 3; i += 1) await expect(client.status(1)).rejects.toThrow(RedisUnavailableError);
  await expect(client.track(3)).rejects.toThrow(RedisUnavailableError);
  harness.simulator.send(1, fateOf('sent', 0));
  await harness.event(1);
  await proxy.back();
  await harness.untilAsync(async () => ((await listening('alerts')) > 1 ? true : undefined));
  harness.simulator.accept('another');
  await harness.enqueue(4);
  const [waited, event, alert] = await seen;
  expect([waited.state, event.value?.subject, alert.value?.type]).toEqual(['sent', '1', 'fax.alert.unauthorized']);
  expect(await client.status(3)).toEqual({ kind: 'unknown' });
  await client.close();
  await harness.stop();
  await proxy.stop();
}, 60_000);

it('a refused login names no password', async () => {
  const locked = await startTestRedis();
  const admin = new Redis(locked.url);
  await admin.config('SET', 'requirepass', 'the right one');
  const port = new URL(locked.url).port;
  const url = `redis://:s3cret%2Fw0rd@127.0.0.1:${port}`;
  const client = new FaxStatusClient({ redis: url, commandTimeoutMs: COMMAND_TIMEOUT_MS });
  for (const [name, call] of Object.entries(calls(client))) {
    const error = (await call().catch((reason: unknown) => reason)) as Error;
    expect([name, error.name]).toEqual([name, 'RedisUnavailableError']);
    expect(error.message).toContain('WRONGPASS');
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/s3cret/);
  }
  await client.close();
  admin.disconnect();
  await locked.stop();
});
