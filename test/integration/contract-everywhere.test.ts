import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import type { SimulatedAnswer } from '../../src/simulator/fate.ts';
import { Harness, type HarnessOptions } from '../support/harness.ts';
import { HAS_REDIS_SERVER, startTestRedis } from '../support/redis-server.ts';
import { startCluster, startSentinels } from '../support/redis-topologies.ts';

// What goes in and what comes out (contract §§ 1 to 3), the same on every form of Redis, without accounts and with one.

const NO_URL = 'redis://127.0.0.1:1'; // its user, password and TLS are what counts where there are nodes
const withServer = HAS_REDIS_SERVER ? describe : describe.skip;
type Place = Pick<HarnessOptions, 'redisUrl' | 'connect'> & {
  readonly env: Record<string, string>;
  stop(): Promise<void>;
};
const list = (ports: readonly number[]): string => ports.map((port) => `127.0.0.1:${port}`).join();
const hosts = (ports: readonly number[]) => ports.map((port) => ({ host: '127.0.0.1', port }));

async function standalone(): Promise<Place> {
  const redis = await startTestRedis();
  return { redisUrl: redis.url, env: {}, stop: () => redis.stop() };
}

async function sentinel(): Promise<Place> {
  const sentinels = await startSentinels();
  const { ports } = sentinels;
  return {
    redisUrl: NO_URL,
    connect: () => new Redis({ sentinels: hosts(ports), name: 'main', maxRetriesPerRequest: null }),
    env: { REDIS_SENTINELS: list(ports), REDIS_SENTINEL_NAME: 'main' },
    stop: () => sentinels.stop(),
  };
}

async function cluster(): Promise<Place> {
  const servers = await startCluster(0);
  const { ports } = servers;
  return {
    redisUrl: NO_URL,
    connect: () => new Cluster(hosts(ports)),
    env: { REDIS_CLUSTER_NODES: list(ports) },
    stop: () => servers.stop(),
  };
}

withServer.each([
  ['a standalone Redis', standalone],
  ['Sentinel', sentinel],
  ['a cluster', cluster],
])('on %s', (_name, startPlace) => {
  let place: Place;
  beforeAll(async () => {
    place = await startPlace();
  });
  afterAll(() => place.stop());

  describe.each([undefined, 'north'])('account %s', (account) => {
    let harness: Harness;
    beforeAll(async () => {
      const tagged =
        account === undefined && place.env['REDIS_CLUSTER_NODES']
          ? { QUEUE_PREFIX: '{bull}', KEY_PREFIX: '{fax}:' }
          : {};
      harness = await Harness.start({
        redisUrl: place.redisUrl,
        simulator: { finishMs: 0 },
        ...(place.connect && { connect: place.connect }),
        ...(account !== undefined && { account }),
        env: { ...place.env, NOT_FOUND_GRACE_MS: '300', ...tagged },
      });
    });
    afterAll(() => harness.stop());

    it('a sent fax: result, one stream entry and one event that says whose it is, job completed', async () => {
      const jobId = await harness.enqueue('sent-1', { data: { metadata: { order: 7 } } });
      const event = await harness.event('sent-1');
      expect(event).toMatchObject({ id: 'fax-sent-1', type: 'fax.job.completed', ...whose(account) });
      expect(event.data).toMatchObject({ faxJobId: 'sent-1', state: 'sent', reason: 'ok', metadata: { order: 7 } });
      expect(Object.hasOwn(event, 'account')).toBe(account !== undefined);
      expect(await harness.result('sent-1')).toMatchObject({ state: 'sent', reason: 'ok', metadata: '{"order":7}' });
      expect(await harness.streamEntries('sent-1')).toEqual([event]);
      expect((await harness.job(jobId, 'completed')).returnvalue).toEqual(event.data);
    });

    it.each([
      ['no-answer', 'failed', 'no_answer'],
      ['busy', 'failed', 'busy'],
      ['file-error', 'failed', 'file_error'],
      ['hangup', 'failed', 'hangup'],
      ['unknown', 'failed', 'unknown'],
      ['not-found', 'not_found', 'not_found'],
    ])('%s: %s, %s', async (fate, state, reason) => {
      await harness.enqueue('good'); // while all answers are 404, no fax is not found
      await harness.enqueue(`${fate}-1`);
      expect((await harness.event(`${fate}-1`)).data).toMatchObject({ state, reason });
      expect(await harness.result(`${fate}-1`)).toMatchObject({ state, reason });
    });

    it('a fax that is not final by its deadline: expired, with its last message', async () => {
      await harness.enqueue('pending-1', { data: { deadlineMs: 400 } });
      const { data } = await harness.event('pending-1');
      expect(data).toMatchObject({ state: 'expired', reason: 'deadline_exceeded', message: 'Fax is being sent' });
    });

    it('a wrong job fails at once with the field in its reason, and the API is not asked', async () => {
      const before = harness.simulator.log.length;
      const failed = await harness.job(await harness.enqueue(-5), 'failed');
      expect(failed.failedReason).toMatch(/faxJobId/);
      expect(harness.simulator.log).toHaveLength(before);
    });

    it('a fax enqueued twice: one result, one event, both jobs complete', async () => {
      harness.simulator.send('twin', { first: [UNDER_WAY, UNDER_WAY], then: [{ afterMs: 0, answer: SENT }] });
      const jobs = await Promise.all([harness.enqueue('twin'), harness.enqueue('twin')]);
      for (const job of jobs) await harness.job(job, 'completed');
      expect(await harness.streamEntries('twin')).toHaveLength(1);
      expect(
        new Set(harness.events.filter(({ subject }) => subject === 'twin').map((e) => JSON.stringify(e))).size,
      ).toBe(1);
      expect(harness.requestsFor('twin')).toBe(3);
    });

    it('a fax enqueued again after its end: the same event again, no request, no second entry', async () => {
      await harness.enqueue('again');
      const event = await harness.event('again');
      const requests = harness.requestsFor('again');
      await harness.enqueue('again');
      const published = await harness.until(() => {
        const all = harness.events.filter(({ subject }) => subject === 'again');
        return all.length === 2 ? all : undefined;
      });
      expect(published).toEqual([event, event]);
      expect(harness.requestsFor('again')).toBe(requests);
      expect(await harness.streamEntries('again')).toHaveLength(1);
    });

    it('an alert says whose it is', async () => {
      await harness.enqueue('odd-1', { data: { deadlineMs: 1_000 } });
      expect(await harness.alert('fax.alert.unrecognised_message')).toMatchObject(whose(account));
    });
  });
});

const UNDER_WAY: SimulatedAnswer = { body: { status: 'executed', message: 'Fax is being sent' } };
const SENT: SimulatedAnswer = { body: { status: 'success', message: 'Sent! Fax Has Been Answered.' } };

const whose = (account: string | undefined): object =>
  account === undefined ? { source: '/faxwatch' } : { source: `/faxwatch/${account}`, account };
