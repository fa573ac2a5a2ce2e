import { expect, it } from '@jest/globals';
import { keysOf } from '../../src/contract/keys.ts';
import { loadScript } from '../../src/redis/script.ts';
import { pairs } from '../../src/polling/result-store.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// finish.lua by itself.

const redis = useRedisClient();
const keys = keysOf('fax:');
const TTL_SECONDS = 600;

/** Records the end of a fax. @returns the result that was there before; empty if this one was recorded */
async function finish(
  faxId: string,
  event: string,
  result: Record<string, string>,
  { keptEvents = 1_000, lagMs = 0 } = {},
): Promise<Record<string, string>> {
  const run = loadScript<string[]>(redis.client, new URL('../../src/polling/result-finish.lua', import.meta.url));
  const scriptKeys = [
    keys.status(faxId),
    keys.events,
    keys.lease(faxId),
    keys.inFlight,
    keys.standBys(faxId),
    keys.candidates,
    keys.chosen,
    keys.hinted,
    keys.hints,
    keys.counts(1),
  ];
  return pairs(
    await run(scriptKeys, [
      keys.completed,
      event,
      TTL_SECONDS,
      keptEvents,
      faxId,
      '3s',
      '3l',
      lagMs,
      90_000,
      ...Object.entries(result).flat(),
    ]),
  );
}

/** The events in the stream. */
const streamed = async (): Promise<(string | undefined)[]> =>
  (await redis.client.xrange(keys.events, '-', '+')).map(([, fields]) => fields[1]);

/** The events published while something is done. */
async function published(during: () => Promise<unknown>): Promise<string[]> {
  const END = 'nothing comes after this';
  const subscriber = redis.client.duplicate();
  const heard: string[] = [];
  const ended = new Promise<void>((resolve) => {
    subscriber.on('message', (_channel, message) => {
      if (message === END) resolve();
      else heard.push(message);
    });
  });
  try {
    await subscriber.subscribe(keys.completed);
    await during();
    await redis.client.publish(keys.completed, END);
    await ended;
    return heard;
  } finally {
    subscriber.disconnect();
  }
}

it('the first end of a fax is stored for a while, streamed and published, and the fax is no longer in flight', async () => {
  await redis.client.set(keys.lease('200'), 'job-1');
  await redis.client.zadd(keys.inFlight, 1, '200', 2, '201');
  const heard = await published(async () => {
    expect(await finish('200', 'event of 200', { state: 'sent', reason: 'ok' })).toEqual({});
  });
  expect(heard).toEqual(['event of 200']);
  expect(await streamed()).toEqual(['event of 200']);
  expect(await redis.client.hgetall(keys.status('200'))).toEqual({ state: 'sent', reason: 'ok' });
  const ttl = await redis.client.ttl(keys.status('200'));
  expect(ttl).toBeGreaterThan(TTL_SECONDS - 60);
  expect(ttl).toBeLessThanOrEqual(TTL_SECONDS);
  expect(await redis.client.exists(keys.lease('200'))).toBe(0);
  expect(await redis.client.zrange(keys.inFlight, '0', '-1')).toEqual(['201']);
});

it('a second end changes nothing, and gets the first', async () => {
  await finish('200', 'first', { state: 'sent', message: 'Sent!' });
  const heard = await published(async () => {
    expect(await finish('200', 'second', { state: 'failed', more: 'x' })).toEqual({ state: 'sent', message: 'Sent!' });
  });
  expect(heard).toEqual([]);
  expect(await streamed()).toEqual(['first']);
  expect(await redis.client.hgetall(keys.status('200'))).toEqual({ state: 'sent', message: 'Sent!' });
});

it('a fax is counted once, with how late it was found at most, for a day and an hour', async () => {
  await finish('200', 'event', { state: 'sent' }, { lagMs: 1_500 });
  await finish('200', 'again', { state: 'sent' }, { lagMs: 9_000 });
  await finish('201', 'event', { state: 'sent' }, { lagMs: 500 });
  expect(await redis.client.hgetall(keys.counts(1))).toEqual({ '3s': '2', '3l': '2000' });
  expect(await redis.client.ttl(keys.counts(1))).toBeGreaterThan(89_000);
});

it('a count that Redis refuses does not undo a result', async () => {
  await redis.client.set(keys.counts(1), 'no hash');
  expect(await finish('200', 'event', { state: 'sent' }, { lagMs: 1_500 })).toEqual({});
  expect(await redis.client.hget(keys.status('200'), 'state')).toBe('sent');
});

it('the stream keeps about as many events as it is told, the newest', async () => {
  for (let fax = 1; fax <= 500; fax += 1)
    await finish(String(fax), `event of ${fax}`, { state: 'sent' }, { keptEvents: 100 });
  const events = await streamed();
  expect(events.length).toBeLessThan(300); // whole nodes of the stream are trimmed, of 100 entries each
  expect(events.at(-1)).toBe('event of 500');
});
