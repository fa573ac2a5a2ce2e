import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { startService, type Service } from '../../src/main.ts';
import { Harness } from '../support/harness.ts';
import { listeningLog, type LogLine } from '../support/log.ts';
import { freePort, HAS_REDIS_SERVER, startTestRedis, type TestRedis } from '../support/redis-server.ts';

// Contract §5: /readyz is 503 with the reason while results cannot be stored.

const withServer = HAS_REDIS_SERVER ? describe : describe.skip;

withServer('while Redis takes no results', () => {
  let redis: TestRedis;
  let admin: Redis;
  let harness: Harness;
  let service: Service;
  let lines: readonly LogLine[];
  afterEach(async () => {
    await service.close();
    await harness.stop();
    admin.disconnect();
    await redis.stop();
  });

  const start = async (): Promise<void> => {
    redis = await startTestRedis();
    admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', 'worker', 'on', '>secret', '~*', '&*', '+@all');
    const env = { REDIS_URL: redis.url.replace('//', '//worker:secret@'), DASHBOARD_PORT: String(await freePort()) };
    harness = await Harness.start({ redisUrl: redis.url, run: false, env });
    const listening = listeningLog();
    lines = listening.lines;
    service = await startService(harness.settings, loadRules(null), { worker: true, board: false }, listening.log);
    await ready('ready');
  };
  const ready = async (reason: string | RegExp): Promise<void> => {
    await harness.untilAsync(async () => {
      const response = await fetch(`${service.address}/readyz`);
      const body = (await response.json()) as { status: string; reason?: string };
      return (
        typeof reason === 'string' ? body.status === reason : reason.test(body.reason ?? '') && response.status === 503
      )
        ? true
        : undefined;
    });
  };

  it.each<[string, RegExp, () => Promise<unknown>, () => Promise<unknown>]>([
    [
      'out of memory',
      /out of memory/,
      () => admin.config('SET', 'maxmemory', 1),
      () => admin.config('SET', 'maxmemory', 0),
    ],
    [
      'read-only',
      /takes no writes/,
      () => admin.call('REPLICAOF', '127.0.0.1', '1'),
      () => admin.call('REPLICAOF', 'NO', 'ONE'),
    ],
    [
      'without the channel',
      /may not PUBLISH/,
      () => admin.call('ACL', 'SETUSER', 'worker', 'resetchannels'),
      () => admin.call('ACL', 'SETUSER', 'worker', '&*'),
    ],
    [
      'without a command',
      /may not HSET/,
      () => admin.call('ACL', 'SETUSER', 'worker', '-hset'),
      () => admin.call('ACL', 'SETUSER', 'worker', '+hset'),
    ],
  ])('(%s) /readyz says so, the log warns once and says when it is over', async (_what, reason, refuse, grant) => {
    await start();
    await refuse();
    await ready(reason);
    await ready(reason);
    expect((await (await fetch(`${service.address}/metrics`)).text()).split('\n')).toContain('fax_results_storable 0');
    await grant();
    await ready('ready');
    expect(lines.filter(({ msg }) => msg === 'results cannot be stored').map(({ level }) => level)).toEqual([40]);
    expect(lines.filter(({ msg }) => msg === 'results can be stored again')).toHaveLength(1);
  });
});
