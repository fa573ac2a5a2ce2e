import { describe, expect, it } from '@jest/globals';
import type { AlertDesk } from '../../src/alerts/alert-desk.ts';
import { keysOf } from '../../src/contract/keys.ts';
import { Brake, type Refusal } from '../../src/limit/brake.ts';
import type { RateLimit } from '../../src/limit/rate-limit.ts';
import { redisTime } from '../support/redis-time.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// The brake on a real Redis; what it does to limiter and alerts is written down.

const redis = useRedisClient();
const keys = keysOf('fax:');
const MINUTE_MS = 60_000;

type Done = { readonly holds: number[]; readonly alerts: string[] };

/** A brake, and what it has done so far: holds in ms; alerts by kind and text, changes of the pace among them. */
function brakeWithRecord(lowered = false): Done & { readonly brake: Brake } {
  const holds: number[] = [];
  const alerts: string[] = [];
  const note = (what: string) => (): Promise<void> => Promise.resolve(void alerts.push(what));
  const limit = {
    loweredLately: lowered,
    hold: (ms: number) => Promise.resolve(void holds.push(ms)),
    lower: note('pace lowered'),
    release: note('limiter released'),
  };
  const desk = {
    raise: (kind: string, message: string) => Promise.resolve(void alerts.push(`${kind}: ${message}`)),
    resolve: (kind: string) => Promise.resolve(void alerts.push(`${kind} resolved`)),
  };
  const brake = new Brake(
    { redis: redis.client, keys, limit: limit as unknown as RateLimit, alerts: desk as unknown as AlertDesk },
    { POLL_MIN_INTERVAL_MS: 5_000, FAX_API_KEY: 'key' },
  );
  return { brake, holds, alerts };
}

/** A refusal of a request that was sent just now. */
async function refusal(more: Partial<Refusal> = {}): Promise<Refusal> {
  const sentAt = (await redisTime(redis.client)) + 1;
  return { reason: 'rate_limited', turn: { sentAt, refusals: 0 }, retryAfterMs: undefined, known: true, ...more };
}

/** Makes the episode of refusals as old as this. */
async function episodeBeganAgo(ms: number): Promise<void> {
  await redis.client.hset(keys.brake, 'since', (await redisTime(redis.client)) - ms);
}

const KEY_ITSELF = expect.stringMatching(/^rate_limited: .* the key itself may be refused$/);

describe('the pace', () => {
  it.each([
    ['answered for before', true, false, true],
    ['answered for before, the pace being lowered lately', true, true, true],
    ['never answered for', false, false, true],
    ['never answered for, the pace being lowered lately', false, true, false],
  ])('is halved by a refusal of a fax that was %s: %s, %s → %s', async (_what, known, lowered, halved) => {
    const { brake, alerts } = brakeWithRecord(lowered);
    await brake.onRefusal(await refusal({ known }));
    expect(alerts.includes('pace lowered')).toBe(halved);
  });
});

describe('refused for long without one good answer', () => {
  it('for 15 minutes: the alert says once that the key itself may be refused', async () => {
    const { brake, alerts } = brakeWithRecord();
    await brake.onRefusal(await refusal());
    expect(alerts).toEqual(['pace lowered', expect.stringMatching(/^rate_limited: .*RATE_LIMIT_MAX/)]);
    await episodeBeganAgo(15 * MINUTE_MS);
    await brake.onRefusal(await refusal());
    expect(alerts.slice(2)).toEqual([KEY_ITSELF]);
    await brake.onRefusal(await refusal());
    expect(alerts).toHaveLength(3);
  });

  it('for less: it does not', async () => {
    const { brake, alerts } = brakeWithRecord();
    await brake.onRefusal(await refusal());
    await episodeBeganAgo(14 * MINUTE_MS);
    await brake.onRefusal(await refusal());
    expect(alerts).toHaveLength(2);
  });

  it('after a good answer and 15 minutes more: it says so again', async () => {
    const { brake, alerts } = brakeWithRecord();
    for (const times of [1, 2]) {
      await brake.onRefusal(await refusal());
      await episodeBeganAgo(15 * MINUTE_MS);
      await brake.onRefusal(await refusal());
      await brake.onGoodAnswer();
      expect(alerts.filter((alert) => alert.endsWith('the key itself may be refused'))).toHaveLength(times);
    }
  });
});

it('a refusal that comes late, but whose Retry-After is longer, prolongs the hold of the queue', async () => {
  const { brake, holds } = brakeWithRecord();
  const sentAt = (await redisTime(redis.client)) - 1;
  await brake.onRefusal(await refusal({ retryAfterMs: 20_000 }));
  await brake.onRefusal(await refusal({ turn: { sentAt, refusals: 0 }, retryAfterMs: 120_000 }));
  expect(holds).toHaveLength(2);
  expect(holds[0]).toBe(20_000);
  expect(holds[1]).toBe(120_000);
  expect((await brake.state())?.refusals).toBe(1);
});

it('a good answer lets go, and ends the alert; a second one finds nothing to end', async () => {
  const { brake, alerts } = brakeWithRecord();
  await brake.onRefusal(await refusal());
  await brake.onGoodAnswer();
  await brake.onGoodAnswer();
  expect(alerts.slice(2)).toEqual(['limiter released', 'rate_limited resolved']);
  expect(await brake.state()).toBeUndefined();
});
