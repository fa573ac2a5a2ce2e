import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { HAS_REDIS_SERVER, startTestRedis, type TestRedis } from '../support/redis-server.ts';

// Contract §3: result, stream entry and publication, all three or none, also when Redis refuses one of them.

const withServer = HAS_REDIS_SERVER ? describe : describe.skip;

withServer('when Redis refuses', () => {
  let redis: TestRedis;
  let admin: Redis;
  let harness: Harness;
  afterEach(async () => {
    await harness.stop();
    admin.disconnect();
    await redis.stop();
  });

  const start = async (acl?: string[]): Promise<void> => {
    redis = await startTestRedis();
    admin = new Redis(redis.url);
    if (acl) await admin.call('ACL', 'SETUSER', 'worker', 'on', '>secret', '~*', '+@all', ...acl);
    harness = await Harness.start({
      redisUrl: redis.url,
      env: acl ? { REDIS_URL: redis.url.replace('//', '//worker:secret@') } : {},
    });
  };
  /** Lets a fax be final while results are refused, and gives what there is of it. */
  const finishedMeanwhile = async (): Promise<object> => {
    harness.simulator.send(200, fateOf('sent', 0));
    await harness.enqueue(200);
    await harness.until(() => (harness.requestsFor(200) >= 3 ? true : undefined));
    return {
      result: Object.keys(await harness.result(200)).length,
      stream: (await harness.streamEntries(200)).length,
      events: harness.events.length,
    };
  };
  const expectWhole = async (): Promise<void> => {
    await harness.untilAsync(async () => ((await harness.result(200))['state'] === 'sent' ? true : undefined));
    expect(await harness.streamEntries(200)).toHaveLength(1);
    await harness.event(200);
    expect(new Set(harness.events.map((event) => JSON.stringify(event))).size).toBe(1);
  };

  it.each([
    ['publications (a user without channels, as Redis makes them)', ['resetchannels'], ['allchannels']],
    ['the expiry of a result', ['allchannels', '-expire'], ['+expire']],
  ])('%s: none, and all three when it takes them', async (_what, refused, granted) => {
    await start(refused);
    expect(await finishedMeanwhile()).toEqual({ result: 0, stream: 0, events: 0 });
    await admin.call('ACL', 'SETUSER', 'worker', ...granted);
    await expectWhole();
  });

  it('to record what an answer says of the API, the result is stored nevertheless', async () => {
    await start();
    await admin.set(`${harness.settings.KEY_PREFIX}answered`, 'no sorted set');
    harness.simulator.send(200, fateOf('sent', 0));
    await harness.enqueue(200);
    await harness.event(200);
    expect(harness.requestsFor(200)).toBe(1);
  });

  it('a stream key of another type: none, and all three when it is gone', async () => {
    await start();
    await admin.set(`${harness.settings.KEY_PREFIX}events`, 'no stream');
    harness.simulator.send(200, fateOf('sent', 0));
    await harness.enqueue(200);
    await harness.until(() => (harness.requestsFor(200) >= 3 ? true : undefined));
    expect([await harness.result(200), harness.events]).toEqual([{}, []]);
    await admin.del(`${harness.settings.KEY_PREFIX}events`);
    await expectWhole();
  });

  it('writes, out of memory: none, and all three when there is memory again', async () => {
    await start();
    harness.simulator.send(200, {
      then: fateOf('sent', 0).then.map(({ answer }) => ({ afterMs: 0, answer: { ...answer, delayMs: 500 } })),
    });
    await harness.enqueue(200);
    await harness.until(() => (harness.simulator.requests > 0 ? true : undefined));
    await admin.config('SET', 'maxmemory', 1);
    await harness.untilAsync(async () =>
      (await admin.info('errorstats')).includes('errorstat_OOM') ? true : undefined,
    );
    expect([await harness.result(200), await harness.streamEntries(200), harness.events]).toEqual([{}, [], []]);
    await admin.config('SET', 'maxmemory', 0);
    await expectWhole();
  });
});
