import { describe, expect, it } from '@jest/globals';
import { keysOf } from '../../src/contract/keys.ts';
import { BIN_SPAN } from '../../src/contract/keys.ts';
import { loadScript } from '../../src/redis/script.ts';
import { redisTime } from '../support/redis-time.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// brake.lua and release.lua by themselves. Who else looks at the brake: test/polling/claim-script.test.ts.

const redis = useRedisClient();
const { brake, candidates, answered, inFlight } = keysOf('fax:');
const MIN_MS = 5_000;
const HOLD_MS = 5_000;

type Refusal = { reason?: string; sentAt?: number; holdMs?: number; named?: boolean };

/** A refusal; without more, of a request that was sent after all that was counted before. */
async function refuse({
  reason = 'rate_limited',
  sentAt = Number.MAX_SAFE_INTEGER,
  holdMs = HOLD_MS,
  named = false,
}: Refusal = {}) {
  const run = loadScript<[number, string, string, number, number, number, number]>(
    redis.client,
    new URL('../../src/limit/brake-refuse.lua', import.meta.url),
  );
  const [counted, before, now, refusals, since, heldMs, time] = await run(
    [brake, candidates, answered, inFlight],
    [reason, sentAt, holdMs, named ? 1 : 0, '', MIN_MS, BIN_SPAN, 'digest'],
  );
  return { counted, before, reason: now, refusals, since, heldMs, time };
}

async function release(rememberedMs = 60_000): Promise<unknown[]> {
  const run = loadScript<unknown[]>(redis.client, new URL('../../src/limit/brake-release.lua', import.meta.url));
  return run([brake], [rememberedMs]);
}

/** Until when the brake is held, ms from a time on. */
const heldAfter = async (time: number): Promise<number> => Number(await redis.client.hget(brake, 'heldUntil')) - time;

describe('a refusal', () => {
  it('puts the brake on, for as long as it says, and without an expiry', async () => {
    const before = await redisTime(redis.client);
    const first = await refuse();
    expect(first).toEqual({
      counted: 1,
      before: '',
      reason: 'rate_limited',
      refusals: 1,
      since: first.time,
      heldMs: HOLD_MS,
      time: expect.any(Number),
    });
    expect(first.time).toBeGreaterThanOrEqual(before);
    expect(await redis.client.hgetall(brake)).toMatchObject({
      reason: 'rate_limited',
      refusals: '1',
      since: String(first.time),
    });
    expect(await heldAfter(first.time)).toBe(HOLD_MS);
    expect(await redis.client.pttl(brake)).toBe(-1);
  });

  it('of a request that was sent before the last one was counted belongs to it: neither count nor hold grows', async () => {
    const first = await refuse();
    const second = await refuse({ sentAt: first.time - 1, holdMs: 60_000 });
    expect(second).toMatchObject({ counted: 0, before: 'rate_limited', refusals: 1, since: first.time });
    expect(await heldAfter(first.time)).toBe(HOLD_MS);
    expect(second.heldMs).toBe(first.time + HOLD_MS - second.time);
  });

  it('that comes late, but names a longer hold itself, prolongs the hold and does not count', async () => {
    const first = await refuse();
    const late = await refuse({ sentAt: first.time - 1, holdMs: 60_000, named: true });
    expect(late).toMatchObject({ counted: 0, refusals: 1, heldMs: 60_000 });
    expect(await heldAfter(late.time)).toBe(60_000);
  });

  it('that comes late and names a shorter hold shortens nothing', async () => {
    const first = await refuse();
    const late = await refuse({ sentAt: first.time - 1, holdMs: 1, named: true });
    expect(late).toMatchObject({ counted: 0, heldMs: first.time + HOLD_MS - late.time });
    expect(await heldAfter(first.time)).toBe(HOLD_MS);
  });

  it('that was sent later counts as one more in a row of the same episode', async () => {
    const first = await refuse();
    const second = await refuse({ holdMs: 9_000 });
    expect(second).toMatchObject({ counted: 1, before: 'rate_limited', refusals: 2, since: first.time, heldMs: 9_000 });
  });

  it('never shortens a longer hold', async () => {
    const first = await refuse({ holdMs: 60_000, named: true });
    const second = await refuse({ holdMs: 1_000 });
    expect(second).toMatchObject({ counted: 1, heldMs: first.time + 60_000 - second.time });
  });

  it('for another reason begins an episode of its own, which may escalate again', async () => {
    await refuse();
    await redis.client.hset(brake, { since: 1, escalated: 1 });
    const other = await refuse({ reason: 'unauthorized' });
    expect(other).toMatchObject({
      counted: 1,
      before: 'rate_limited',
      reason: 'unauthorized',
      refusals: 2,
      since: other.time,
    });
    expect(await redis.client.hget(brake, 'escalated')).toBeNull();
  });

  it('for the same reason keeps the mark of an episode that has escalated', async () => {
    await refuse();
    await redis.client.hset(brake, 'escalated', 1);
    await refuse();
    expect(await redis.client.hget(brake, 'escalated')).toBe('1');
  });

  it('ends the time of a probe, so that the next claim after the hold is the probe', async () => {
    await refuse();
    await redis.client.hset(brake, 'probeUntil', Number.MAX_SAFE_INTEGER);
    await refuse();
    expect(await redis.client.hget(brake, 'probeUntil')).toBe('0');
  });
});

describe('the release', () => {
  it('tells what it ended and since when, and takes the brake off', async () => {
    const { since } = await refuse();
    await redis.client.hset(brake, { probeUntil: 7, escalated: 1 });
    expect(await release()).toEqual(['rate_limited', since, '']);
    const off = { reason: '', refusals: '0', heldUntil: '0', probeUntil: '0', cause: '', patience: '0', key: 'digest' };
    expect(await redis.client.hgetall(brake)).toEqual({ ...off, since: String(since), countedAt: String(since) });
  });

  it('of a brake that is off does nothing', async () => {
    expect(await release()).toEqual([]);
    expect(await redis.client.exists(brake)).toBe(0);
    await refuse();
    await release();
    expect(await release()).toEqual([]);
  });

  it('is remembered for a while only', async () => {
    await refuse();
    await release(60_000);
    const ttl = await redis.client.pttl(brake);
    expect(ttl).toBeGreaterThan(50_000);
    expect(ttl).toBeLessThanOrEqual(60_000);
  });

  it('is not undone by a refusal of a request that was sent before, even one that names a hold', async () => {
    const { time } = await refuse();
    await release();
    expect(await refuse({ sentAt: time - 1, named: true })).toMatchObject({
      counted: 0,
      before: '',
      reason: '',
      heldMs: 0,
    });
    expect(await redis.client.hget(brake, 'reason')).toBe('');
  });

  it('ends the row: the next refusal is the first again, and holds without an expiry', async () => {
    await refuse();
    await refuse();
    await release();
    const next = await refuse();
    expect(next).toMatchObject({ counted: 1, before: '', refusals: 1, since: next.time });
    expect(await redis.client.pttl(brake)).toBe(-1);
  });
});

describe('patience for a good probe', () => {
  const patience = async (): Promise<number> => Number(await redis.client.hget(brake, 'patience'));
  const inFlightAre = async (...faxIds: string[]): Promise<void> => {
    for (const faxId of faxIds) await redis.client.zadd(inFlight, 1, faxId);
  };

  it('is a least interval while a fax that was answered for is a candidate', async () => {
    await inFlightAre('200', '201');
    await redis.client.zadd(candidates, 3 * BIN_SPAN + 1, '201');
    await refuse();
    expect(await patience()).toBe(MIN_MS);
  });

  it('is the same while any was answered for lately', async () => {
    await inFlightAre('200', '201');
    await redis.client.zadd(answered, await redisTime(redis.client), 'worker');
    await refuse();
    expect(await patience()).toBe(MIN_MS);
  });

  it('is none where only faxes never asked for are known, or the last answer is long ago', async () => {
    await inFlightAre('200', '201');
    await redis.client.zadd(candidates, 1_000_000, '201');
    await redis.client.zadd(answered, (await redisTime(redis.client)) - 2 * MIN_MS - 2_000, 'worker');
    await refuse();
    expect(await patience()).toBe(0);
  });

  it('is none for a fax alone', async () => {
    await inFlightAre('200');
    await redis.client.zadd(answered, await redisTime(redis.client), 'worker');
    await refuse();
    expect(await patience()).toBe(0);
  });
});
