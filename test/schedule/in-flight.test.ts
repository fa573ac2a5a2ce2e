import { beforeEach, describe, expect, it } from '@jest/globals';
import { keysOf } from '../../src/contract/keys.ts';
import { BIN_SPAN } from '../../src/contract/keys.ts';
import { binOfCandidate, InFlight } from '../../src/schedule/in-flight.ts';
import { redisTime } from '../support/redis-time.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// heads.lua, take.lua and forget.lua by themselves.

const redis = useRedisClient();
const keys = keysOf('fax:');
let inFlight: InFlight;
beforeEach(() => {
  inFlight = new InFlight(redis.client, keys);
});

/** A fax found pending at an age, ms. */
async function pending(faxId: string, ageMs: number, at: number): Promise<void> {
  await redis.client.zadd(keys.inFlight, at - ageMs, faxId);
  await redis.client.set(keys.lease(faxId), `job-${faxId}`);
  await inFlight.pending(faxId, ageMs, at);
}

describe('the heads', () => {
  it('are of each age at which faxes were last known pending the one asked longest ago', async () => {
    const now = await redisTime(redis.client);
    await pending('young', 60_000, now - 20_000);
    await pending('young too', 60_500, now - 30_000);
    await pending('old', 600_000, now - 10_000);
    const { heads, waiting, inFlight: count, candidates } = await inFlight.heads(1, 100);
    expect({ waiting, count, candidates }).toEqual({ waiting: 0, count: 3, candidates: 3 });
    expect(heads).toEqual([
      { faxId: 'young too', pendingAt: now - 30_000, enqueuedAt: now - 90_500, hinted: false },
      { faxId: 'old', pendingAt: now - 10_000, enqueuedAt: now - 610_000, hinted: false },
    ]);
  });

  it('are several of the bins that had the faxes worth most, where several are chosen at once', async () => {
    for (let i = 0; i < 5; i += 1) await pending(`fax-${i}`, 60_000, 1_000_000 + i);
    for (let i = 0; i < 5; i += 1) await pending(`older-${i}`, 600_000, 1_000_000 + i);
    const { heads } = await inFlight.heads(3, 100);
    expect(heads.map(({ faxId }) => faxId)).toEqual(['fax-0', 'older-0']);
    const [first] = heads;
    const more = await inFlight.heads(3, 100, first ? [binOfCandidate(first)] : []);
    expect(more.heads.map(({ faxId }) => faxId)).toEqual(['fax-0', 'fax-1', 'fax-2', 'older-0']);
  });

  it('are never those that were chosen already; these are candidates again when their job does not come', async () => {
    for (let i = 0; i < 3; i += 1) await pending(`fax-${i}`, 60_000, 1_000_000 + i);
    expect(await inFlight.take(['fax-0', 'fax-1'])).toHaveLength(2);
    const { heads, waiting } = await inFlight.heads(3, 100);
    expect([waiting, heads.map(({ faxId }) => faxId)]).toEqual([2, ['fax-2']]);
    await redis.client.zadd(keys.chosen, (await redisTime(redis.client)) - 60_001, 'fax-0');
    const later = await inFlight.heads(2, 100);
    expect([later.waiting, later.heads.map(({ faxId }) => faxId)]).toEqual([1, ['fax-0']]);
  });

  it('are none where as many wait for slots as should, but hinted ones', async () => {
    for (let i = 0; i < 3; i += 1) await pending(`fax-${i}`, 60_000, 1_000_000 + i);
    await inFlight.take(['fax-0']);
    expect((await inFlight.heads(1, 100)).heads).toEqual([]);
    await redis.client.zadd(keys.hinted, 0, 'fax-2');
    expect((await inFlight.heads(1, 100)).heads.map(({ faxId }) => faxId)).toEqual(['fax-2']);
  });

  it('of a fax that was never asked for are pending since it was enqueued', async () => {
    await redis.client.zadd(keys.inFlight, 5_000, 'new');
    await redis.client.zadd(keys.candidates, 5_000, 'new');
    const [head] = (await inFlight.heads(1, 100)).heads;
    expect(head).toEqual({ faxId: 'new', pendingAt: 5_000, enqueuedAt: 5_000, hinted: false });
  });

  it('keep the age of a fax of the year before to the millisecond', async () => {
    const at = Date.parse('2031-12-31T23:59:59.999Z');
    await pending('old', 366 * 86_400_000 - 1, at);
    expect((await inFlight.heads(1, 100)).heads).toEqual([
      { faxId: 'old', pendingAt: at, enqueuedAt: at - 366 * 86_400_000 + 1, hinted: false },
    ]);
    expect(Number(await redis.client.zscore(keys.candidates, 'old'))).toBeLessThan(Number.MAX_SAFE_INTEGER);
    expect(BIN_SPAN).toBeGreaterThan(at);
  });
});

describe('hinted faxes', () => {
  it('are heads, the longest hinted first, whether they are candidates or back off, once they may be polled', async () => {
    const now = await redisTime(redis.client);
    await pending('candidate', 60_000, now - 1_000);
    await redis.client.zadd(keys.inFlight, now - 90_000, 'backs off');
    await redis.client.zadd(keys.hinted, now - 50, 'candidate', now - 100, 'backs off', now + 10_000, 'later');
    const { heads, hintedWaiting, hintedInMs } = await inFlight.heads(2, 100);
    expect(heads).toEqual([
      { faxId: 'backs off', pendingAt: now - 90_000, enqueuedAt: now - 90_000, hinted: true },
      { faxId: 'candidate', pendingAt: now - 1_000, enqueuedAt: now - 61_000, hinted: true },
    ]);
    expect(hintedWaiting).toBe(0);
    expect(hintedInMs).toBeGreaterThan(8_000);
    expect(await inFlight.take(['backs off'])).toEqual([{ faxId: 'backs off', jobId: '' }]);
    expect((await inFlight.heads(1, 100)).hintedWaiting).toBe(1);
  });

  it('that are no longer in flight are forgotten', async () => {
    await redis.client.zadd(keys.hinted, 1, 'gone');
    await redis.client.hset(keys.hints, 'gone', 'callback 3 ');
    expect((await inFlight.heads(1, 100)).heads).toEqual([]);
    expect([await redis.client.zcard(keys.hinted), await redis.client.hlen(keys.hints)]).toEqual([0, 0]);
  });
});

it('a fax that was chosen and has not had its slot is named, with its job, so that somebody looks whether that is still there', async () => {
  for (const faxId of ['long ago', 'just now']) await pending(faxId, 60_000, 1_000_000);
  await redis.client.zadd(keys.chosen, (await redisTime(redis.client)) - 2_000, 'long ago');
  await inFlight.take(['just now']);
  const { lingering } = await inFlight.heads(1, 100);
  expect(await inFlight.jobsOf(lingering)).toEqual([{ faxId: 'long ago', jobId: 'job-long ago' }]);
  expect(await inFlight.jobsOf([])).toEqual([]);
});

describe('a fax', () => {
  it('is taken by one worker, whoever comes first', async () => {
    await pending('fax', 60_000, 1_000_000);
    const other = new InFlight(redis.client, keys);
    const taken = await Promise.all([inFlight.take(['fax']), other.take(['fax'])]);
    expect(taken.flat()).toEqual([{ faxId: 'fax', jobId: 'job-fax' }]);
  });

  it('is not taken when it is no candidate any more', async () => {
    expect(await inFlight.take(['unknown'])).toEqual([]);
  });

  it('without a lease is taken without a job', async () => {
    await inFlight.pending('fax', 60_000, 1_000_000);
    expect(await inFlight.take(['fax'])).toEqual([{ faxId: 'fax', jobId: '' }]);
  });

  it('whose job is gone is forgotten, unless another job has the lease by then', async () => {
    for (const faxId of ['gone', 'other']) await pending(faxId, 60_000, 1_000_000);
    const taken = await inFlight.take(['gone', 'other']);
    await redis.client.set(keys.lease('other'), 'a later job');
    await inFlight.forget(taken);
    expect(await redis.client.zrange(keys.candidates, '0', '-1')).toEqual(['other']);
    expect(await redis.client.zrange(keys.inFlight, '0', '-1')).toEqual(['other']);
    expect(await redis.client.zrange(keys.chosen, '0', '-1')).toEqual(['other']);
    expect(await redis.client.exists(keys.lease('gone'))).toBe(0);
  });
});
