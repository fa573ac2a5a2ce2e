import { describe, expect, it } from '@jest/globals';
import { keysOf } from '../../src/contract/keys.ts';
import { BIN_SPAN } from '../../src/contract/keys.ts';
import { loadScript } from '../../src/redis/script.ts';
import { redisTime } from '../support/redis-time.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

// claim.lua by itself.

const redis = useRedisClient();
const keys = keysOf('fax:');
const LEASE_MS = 60_000;
const PROBE_MS = 11_000;
const NET_MS = 600_000;
const MIN_MS = 5_000;
const ENQUEUED = Date.parse('2030-01-01T00:00:00Z');

type More = {
  enqueuedAt?: number;
  first?: boolean;
  gone?: string;
  fetchedAt?: number;
  purpose?: 'join' | 'poll' | 'net';
  netMs?: number;
  standing?: 'answered' | 'refused' | 'new';
  polledAt?: number;
};

/** What a claim says: the word, and the values that go with it. */
async function claim(faxId = '200', jobId = 'job-1', more: More = {}): Promise<{ now: number; said: unknown[] }> {
  const {
    enqueuedAt = ENQUEUED,
    first = false,
    gone = '',
    fetchedAt = Number.MAX_SAFE_INTEGER,
    purpose = 'poll',
    netMs = NET_MS,
    standing = 'answered',
    polledAt = 0,
  } = more;
  const run = loadScript<[number, ...unknown[]]>(redis.client, new URL('../../src/polling/claim.lua', import.meta.url));
  const [now, ...said] = await run(
    [
      keys.status(faxId),
      keys.lease(faxId),
      keys.inFlight,
      keys.brake,
      keys.standBys(faxId),
      keys.pace,
      keys.candidates,
      keys.chosen,
      keys.hinted,
      keys.hints,
      keys.keptHint(faxId),
      keys.counts(1),
    ],
    [
      faxId,
      jobId,
      LEASE_MS,
      enqueuedAt,
      PROBE_MS,
      first ? 1 : 0,
      gone,
      fetchedAt,
      purpose,
      netMs,
      BIN_SPAN,
      standing,
      enqueuedAt,
      MIN_MS,
      polledAt,
      '3r',
      90_000,
    ],
  );
  return { now, said };
}

/** The brake as brake.lua leaves it. */
async function brakeHeldUntil(heldUntil: number, refusals = 3): Promise<void> {
  await redis.client.hset(keys.brake, {
    reason: 'rate_limited',
    refusals,
    heldUntil,
    probeUntil: 0,
    since: 1,
    countedAt: 1,
  });
}

describe('a claim of a fax', () => {
  it('that is new: go, by the time of Redis; the fax is in flight and the job has the lease', async () => {
    const before = await redisTime(redis.client);
    const { now, said } = await claim();
    expect(said).toEqual(['go', 0, 0, '']);
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(await redisTime(redis.client));
    expect(await redis.client.zrange(keys.inFlight, '0', '-1', 'WITHSCORES')).toEqual(['200', String(ENQUEUED)]);
    expect(await redis.client.get(keys.lease('200'))).toBe('job-1');
    const ttl = await redis.client.pttl(keys.lease('200'));
    expect(ttl).toBeGreaterThan(LEASE_MS - 10_000);
    expect(ttl).toBeLessThanOrEqual(LEASE_MS);
  });

  it('by the job that has the lease: go, and the lease is renewed', async () => {
    await claim();
    await redis.client.pexpire(keys.lease('200'), 10_000);
    expect((await claim()).said).toEqual(['go', 0, 0, '']);
    expect(await redis.client.pttl(keys.lease('200'))).toBeGreaterThan(LEASE_MS - 10_000);
  });

  it('whose lease ran out: go, and it counts as in flight since the job that has it now was enqueued', async () => {
    await claim();
    await redis.client.del(keys.lease('200'));
    expect((await claim('200', 'job-2', { enqueuedAt: ENQUEUED + 5_000 })).said).toEqual(['go', 0, 0, '']);
    expect(await redis.client.get(keys.lease('200'))).toBe('job-2');
    expect(await redis.client.zscore(keys.inFlight, '200')).toBe(String(ENQUEUED + 5_000));
  });

  it('that another job polls: leased, to whom, and how many stand by; a job is counted once', async () => {
    await claim();
    expect((await claim('200', 'job-2', { first: true })).said).toEqual(['leased', 'job-1', 1]);
    expect((await claim('200', 'job-3', { first: true })).said).toEqual(['leased', 'job-1', 2]);
    expect((await claim('200', 'job-2')).said).toEqual(['leased', 'job-1', 2]);
    expect(await redis.client.pttl(keys.standBys('200'))).toBeGreaterThan(LEASE_MS - 10_000);
  });

  it('whose job is gone: go, for the first that says so', async () => {
    await claim();
    expect((await claim('200', 'job-2', { gone: 'job-1' })).said).toEqual(['go', 0, 0, '']);
    expect((await claim('200', 'job-3', { gone: 'job-1' })).said).toEqual(['leased', 'job-2', 0]);
  });

  it('by a job that was fetched while the limit was gone: unlimited, and it is no probe', async () => {
    await redis.client.hset(keys.pace, 'restored', 1_000);
    await brakeHeldUntil(1);
    expect((await claim('200', 'job-1', { fetchedAt: 999 })).said).toEqual(['unlimited', 0]);
    expect(await redis.client.hget(keys.brake, 'probeUntil')).toBe('0');
    expect((await claim('200', 'job-1', { fetchedAt: 1_000 })).said).toEqual(['go', 3, 0, '']);
  });

  it('that has its result: done, with the result, and nothing is put in flight', async () => {
    await redis.client.hset(keys.status('200'), { state: 'sent' });
    expect((await claim()).said).toEqual(['done', ['state', 'sent']]);
    expect(await redis.client.exists(keys.inFlight, keys.lease('200'))).toBe(0);
  });

  it('under one lease leaves other faxes free', async () => {
    await claim();
    expect((await claim('201', 'job-2')).said).toEqual(['go', 0, 0, '']);
  });
});

describe('the count of requests', () => {
  it('rises with each claim that may poll, and with no other', async () => {
    await claim();
    await claim('200', 'job-2');
    await claim('201', 'job-3', { purpose: 'join' });
    expect(await redis.client.hgetall(keys.counts(1))).toEqual({ '3r': '1' });
    await claim();
    expect(await redis.client.hgetall(keys.counts(1))).toEqual({ '3r': '2' });
    const ttl = await redis.client.ttl(keys.counts(1));
    expect(ttl).toBeGreaterThan(89_000);
    expect(ttl).toBeLessThanOrEqual(90_000);
  });

  it('that Redis refuses does not keep a fax from being polled', async () => {
    await redis.client.set(keys.counts(1), 'no hash');
    expect((await claim()).said).toEqual(['go', 0, 0, '']);
  });
});

describe('a claim while the brake is on', () => {
  it('is held for as long as the hold still lasts', async () => {
    const until = (await redisTime(redis.client)) + 20_000;
    await brakeHeldUntil(until);
    const { now, said } = await claim();
    expect(said).toEqual(['held', until - now]);
  });

  it('is the probe once the hold is over, and learns of the refusals so far', async () => {
    await brakeHeldUntil(1, 3);
    const { now, said } = await claim();
    expect(said).toEqual(['go', 3, 0, '']);
    expect(await redis.client.hget(keys.brake, 'probeUntil')).toBe(String(now + PROBE_MS));
  });

  it('is held while another is the probe, for as long as that may take', async () => {
    await brakeHeldUntil(1);
    const probe = await claim('200', 'job-1');
    const other = await claim('201', 'job-2');
    expect(other.said).toEqual(['held', probe.now + PROBE_MS - other.now]);
  });

  it('is the probe in place of one whose time is over', async () => {
    await brakeHeldUntil(1, 4);
    await claim('200', 'job-1');
    await redis.client.hset(keys.brake, 'probeUntil', await redisTime(redis.client));
    expect((await claim('201', 'job-2')).said).toEqual(['go', 4, 0, '']);
  });

  it('is free again after the release, which leaves the hash with an empty reason', async () => {
    await redis.client.hset(keys.brake, {
      reason: '',
      refusals: 0,
      heldUntil: 0,
      probeUntil: 0,
      since: 1,
      countedAt: 1,
    });
    expect((await claim('200', 'job-1')).said).toEqual(['go', 0, 0, '']);
    expect((await claim('201', 'job-2')).said).toEqual(['go', 0, 0, '']);
  });
});

describe('a claim and the choosing', () => {
  const candidate = async (pendingAt: number): Promise<unknown> =>
    redis.client.zadd(keys.candidates, 7 * BIN_SPAN + pendingAt, '200');

  it('to join: the fax is a candidate that was never asked for, also while the brake is on', async () => {
    await brakeHeldUntil((await redisTime(redis.client)) + 20_000);
    await redis.client.zadd(keys.chosen, 1, '200');
    expect((await claim('200', 'job-1', { purpose: 'join', first: true })).said).toEqual(['joined']);
    expect(await redis.client.zscore(keys.chosen, '200')).toBeNull(); // its slot is free for another
    expect(await redis.client.zscore(keys.candidates, '200')).toBe(String(ENQUEUED));
    expect(await redis.client.get(keys.lease('200'))).toBe('job-1');
  });

  it('of a chosen fax: go, and it is neither chosen nor a candidate any more', async () => {
    await candidate(await redisTime(redis.client));
    await redis.client.zadd(keys.chosen, 1, '200');
    expect((await claim('200', 'job-1', { purpose: 'net' })).said).toEqual(['go', 0, 0, '']);
    expect([await redis.client.zcard(keys.candidates), await redis.client.zcard(keys.chosen)]).toEqual([0, 0]);
  });

  it('by the safety net of a candidate that was asked lately: early, by what is left', async () => {
    const pendingAt = await redisTime(redis.client);
    await candidate(pendingAt);
    const { now, said } = await claim('200', 'job-1', { purpose: 'net' });
    expect(said).toEqual(['early', NET_MS - (now - pendingAt)]);
    expect(await redis.client.zcard(keys.candidates)).toBe(1);
  });

  it('by the safety net of one that was left alone for too long, or is no candidate: go', async () => {
    await candidate((await redisTime(redis.client)) - NET_MS - 1);
    expect((await claim('200', 'job-1', { purpose: 'net' })).said).toEqual(['go', 0, 1, '']);
    expect((await claim('200', 'job-1', { purpose: 'net' })).said).toEqual(['go', 0, 1, '']);
  });

  it('that is held leaves a chosen fax chosen', async () => {
    await redis.client.zadd(keys.chosen, 1, '200');
    await brakeHeldUntil((await redisTime(redis.client)) + 20_000);
    expect((await claim('200', 'job-1', { purpose: 'net' })).said[0]).toBe('held');
    expect(await redis.client.zcard(keys.chosen)).toBe(1);
  });
});

describe('a probe', () => {
  const PATIENCE_MS = 2_000;
  /** The hold is over since so long; the best probes have so long to come by. */
  async function brakeFreeSince(ms: number, patience = PATIENCE_MS): Promise<void> {
    await brakeHeldUntil((await redisTime(redis.client)) - ms);
    await redis.client.hset(keys.brake, { patience });
  }

  it('is a fax that the API has answered for at once', async () => {
    await brakeFreeSince(0);
    expect((await claim('200', 'job-1', { standing: 'answered' })).said).toEqual(['go', 3, 0, '']);
  });

  it('that was never asked for joins the candidates until its time has come and it is chosen', async () => {
    await redis.client.zadd(keys.chosen, 1, '200');
    await brakeFreeSince(0);
    expect((await claim('200', 'job-1', { standing: 'new' })).said).toEqual(['joined']);
    expect([await redis.client.zcard(keys.candidates), await redis.client.zcard(keys.chosen)]).toEqual([1, 0]);
    await brakeFreeSince(PATIENCE_MS);
    expect((await claim('200', 'job-1', { standing: 'new' })).said).toEqual(['joined']);
    await redis.client.zadd(keys.chosen, 1, '200');
    expect((await claim('200', 'job-1', { standing: 'new' })).said).toEqual(['go', 3, 0, '']);
  });

  it('that was refused before yields to all others, for a least interval more if some were never asked for', async () => {
    await brakeFreeSince(PATIENCE_MS - 1_000);
    const alone = await claim('200', 'job-1', { standing: 'refused' });
    expect(alone.said[0]).toBe('yield');
    expect(alone.said[1]).toBeGreaterThan(0);
    expect(alone.said[1]).toBeLessThanOrEqual(1_000);
    await brakeFreeSince(PATIENCE_MS);
    await redis.client.zadd(keys.candidates, ENQUEUED, 'new');
    const beside = await claim('200', 'job-1', { standing: 'refused' });
    expect(beside.said[0]).toBe('yield');
    expect(beside.said[1]).toBeGreaterThan(MIN_MS - 1_000);
    await brakeFreeSince(PATIENCE_MS + MIN_MS);
    expect((await claim('200', 'job-1', { standing: 'refused' })).said).toEqual(['go', 3, 0, '']);
  });

  it('need not be good where there is none better', async () => {
    await brakeFreeSince(0, 0);
    expect((await claim('200', 'job-1', { standing: 'refused' })).said).toEqual(['go', 3, 0, '']);
  });

  it('that is held while never asked for joins the candidates', async () => {
    await brakeHeldUntil((await redisTime(redis.client)) + 20_000);
    expect((await claim('200', 'job-1', { standing: 'new' })).said).toEqual(['joined']);
  });
});

describe('a claim of a hinted fax', () => {
  const HINT = 'callback 3 ';
  const hinted = async (from: number): Promise<void> => {
    await redis.client.zadd(keys.hinted, from, '200');
    await redis.client.hset(keys.hints, '200', HINT);
  };

  it('gives the hint to the one poll that it leads to, also if the safety net brings the job', async () => {
    await hinted(1);
    expect((await claim('200', 'job-1', { purpose: 'net' })).said).toEqual(['go', 0, 0, HINT]);
    expect((await claim('200', 'job-1', { purpose: 'poll' })).said).toEqual(['go', 0, 0, '']);
    expect([await redis.client.zcard(keys.hinted), await redis.client.hlen(keys.hints)]).toEqual([0, 0]);
  });

  it('within the least interval since its last poll comes too early, and is hinted until then', async () => {
    await hinted(1);
    await redis.client.zadd(keys.chosen, 1, '200');
    const polledAt = await redisTime(redis.client);
    const { now, said } = await claim('200', 'job-1', { polledAt });
    expect(said).toEqual(['early', polledAt + MIN_MS - now]);
    expect(Number(await redis.client.zscore(keys.hinted, '200'))).toBe(polledAt + MIN_MS);
    expect(await redis.client.zscore(keys.chosen, '200')).toBeNull();
    expect(await redis.client.hget(keys.hints, '200')).toBe(HINT);
  });

  it('that was hinted before its job came: the first claim finds the hint, a later one does not', async () => {
    await redis.client.set(keys.keptHint('200'), HINT);
    expect((await claim('200', 'job-1', { first: false })).said).toEqual(['go', 0, 0, '']);
    expect((await claim('200', 'job-1', { first: true, purpose: 'join' })).said).toEqual(['joined']);
    expect(await redis.client.hget(keys.hints, '200')).toBe(HINT);
    expect(await redis.client.exists(keys.keptHint('200'))).toBe(0);
    expect((await claim('200', 'job-1', { purpose: 'poll' })).said).toEqual(['go', 0, 0, HINT]);
  });
});
