import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Cluster } from 'ioredis';
import { FaxStatusClient } from '../../src/index.ts';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { HAS_REDIS_SERVER } from '../support/redis-server.ts';
import { useCluster } from '../support/use-cluster.ts';
import { useRedisClient } from '../support/use-redis-client.ts';
import { CliProcess, run } from '../support/worker-process.ts';

// Contract §§ 6 and 8: the faxwatch command on a service with accounts.

const redis = useRedisClient();
const redisUrl = (): string => `redis://127.0.0.1:${redis.client.options.port}`;

/** ACCOUNTS_FILE with these accounts. */
function accountsFile(...names: string[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'faxwatch-accounts-')), 'accounts.json');
  writeFileSync(file, JSON.stringify(Object.fromEntries(names.map((name) => [name, { FAX_API_KEY: `key-${name}` }]))));
  return file;
}

const listed = (output: string): unknown[] => output.split('\n').map((line): unknown => JSON.parse(line));

describe('--account', () => {
  let north: Harness;
  let south: Harness;
  afterEach(() => Promise.all([north.stop(), south.stop()]));

  it('track, status, watch and export-durations are about that account alone', async () => {
    const start = async (account: string): Promise<Harness> =>
      Harness.start({
        redisUrl: redisUrl(),
        env: { QUEUE_NAME: `fax-status.${account}`, KEY_PREFIX: `fax:${account}:` },
      });
    [north, south] = await Promise.all([start('north'), start('south')]);
    north.simulator.send(1, fateOf('sent', 0));
    south.simulator.send(1, fateOf('busy', 0));
    const env = { REDIS_URL: redisUrl() };
    const watch = new CliProcess(['watch', '--account', 'south', '--json', '--since', '0'], env);
    expect((await run(['track', '--account', 'north', '1', '--wait'], env)).code).toBe(0);
    expect(await run(['status', '--account', 'north', '1'], env)).toEqual({
      code: 0,
      output: expect.stringMatching(/ sent +1 /),
    });
    expect((await run(['status', '--account', 'south', '1'], env)).code).toBe(1);
    expect((await run(['status', '1'], env)).code).toBe(1);
    expect((await run(['track', '--account', 'south', '1', '--wait'], env)).output).toMatch(/ failed +1 /);
    expect(await watch.line(/fax-1/)).toMatch(/"reason":"busy"/);
    expect(await watch.exit('SIGINT')).toBe(0);
    expect(watch.lines).toHaveLength(1);
    expect((await run(['export-durations', '--account', 'east', '--count', '2'], env)).code).toBe(66);
    await south.close(); // which stores the model
    expect((await run(['export-durations', '--account', 'south', '--count', '2'], env)).code).toBe(0);
  }, 30_000);
});

it('a wrong name, none where there are accounts, one that is not served: exit 64, and what to do', async () => {
  const env = { REDIS_URL: redisUrl() };
  const inFile = { ...env, ACCOUNTS_FILE: accountsFile('north') };
  for (const [args, given, message] of [
    [['status', '--account', 'North', '1'], env, /^--account: must be .*a-z/],
    [['status', '1'], inFile, /--account NAME; faxwatch accounts/],
    [['track', '--account', 'south', '1'], inFile, /south is not in ACCOUNTS_FILE/],
  ] as const)
    expect([args, await run(args, given)]).toEqual([args, { code: 64, output: expect.stringMatching(message) }]);
  expect(await redis.client.dbsize()).toBe(0);
  expect((await run(['track', '--account', 'north', '1'], inFile)).output).toBe('1 tracked');
  expect((await run(['status', '--account', 'south', '1'], inFile)).code).toBe(1); // results stay when an account goes
}, 30_000);

it('sizing is by the limit of the account', async () => {
  const file = accountsFile('north');
  writeFileSync(file, JSON.stringify({ north: { FAX_API_KEY: 'k', RATE_LIMIT_MAX: 600 } }));
  const env = { REDIS_URL: redisUrl(), ACCOUNTS_FILE: file, RATE_LIMIT_HEADROOM: '0' };
  const { output } = await run(['sizing', '--account', 'north', '--faxes-per-hour', '100', '--json'], env);
  expect(JSON.parse(output)).toMatchObject({ 'this load': { pace: 10 } });
});

describe('accounts', () => {
  it('lists those in Redis and in the file, with what they are doing', async () => {
    const { client } = redis;
    for (const account of ['awake', 'refused', 'limited', 'paused', 'idle', 'broken', 'gone']) {
      const faxes = new FaxStatusClient({ redis: redisUrl(), account });
      await faxes.trackMany([1, 2]);
      await faxes.close();
    }
    for (const account of ['awake', 'refused', 'limited', 'paused'])
      await client.hset(`fax:${account}:ceilings`, 'worker', `1 ${Date.now()}`);
    await client.set('fax:broken:brake', 'of something else');
    await client.hset('fax:refused:brake', { reason: 'unauthorized', heldUntil: Date.now() });
    await client.hset('fax:limited:brake', { reason: 'rate_limited', heldUntil: Date.now() });
    await client.hset('bull:fax-status.paused:meta', 'paused', '1');
    await client.lmove('bull:fax-status.awake:wait', 'bull:fax-status.awake:active', 'RIGHT', 'LEFT');
    await client.zadd('bull:fax-status.awake:delayed', 1, 'x');
    await client.xadd('fax:awake:events', '*', 'event', '{}');
    // What is none: the queue of a service without accounts, one of somebody else, and names that cannot be.
    for (const queue of ['fax-status', 'fax-statusx.y', 'mail.north', 'fax-status.North', 'fax-status.a.b'])
      await client.set(`bull:${queue}:id`, '1');
    const ACCOUNTS_FILE = accountsFile('awake', 'refused', 'limited', 'paused', 'idle', 'broken', 'silent');
    const { code, output } = await run(['accounts', '--json'], { REDIS_URL: redisUrl(), ACCOUNTS_FILE });
    const two = { inFlight: 2, waiting: 2, finished: 0 };
    expect(listed(output)).toEqual([
      { account: 'awake', state: 'awake', inFlight: 3, waiting: 1, finished: 1 },
      { account: 'broken', state: 'unreadable' },
      { account: 'gone', state: 'not_in_file', ...two },
      { account: 'idle', state: 'no_worker', ...two },
      { account: 'limited', state: 'rate_limited', ...two },
      { account: 'paused', state: 'paused', ...two },
      { account: 'refused', state: 'key_refused', ...two },
      { account: 'silent', state: 'asleep', inFlight: 0, waiting: 0, finished: 0 },
    ]);
    expect(code).toBe(0);
    const table = await run(['accounts'], { REDIS_URL: redisUrl() });
    expect(table.output).toMatch(/│ account +│ state +│ in flight │ waiting │ finished │/);
    expect(table.output).toMatch(/│ awake +│ awake +│ +3 │ +1 │ +1 │/);
    expect(table.output).toMatch(/│ broken +│ unreadable +│ +\? │ +\? │ +\? │/);
    expect(table.output).toMatch(/│ gone +│ no_worker /); // without the file nobody knows that it is gone
    expect(table.output).not.toContain('silent');
  });

  it('finds a thousand among many other keys, in few round trips', async () => {
    const { client } = redis;
    const names = Array.from({ length: 1_000 }, (_, i) => `clinic-${i}`).sort();
    const pipeline = client.pipeline();
    for (const name of names) pipeline.set(`bull:fax-status.${name}:id`, '1');
    for (let i = 0; i < 20_000; i += 1) pipeline.set(`fax:clinic-1:status:${i}`, '1');
    await pipeline.exec();
    await client.config('RESETSTAT');
    const { output } = await run(['accounts', '--json'], { REDIS_URL: redisUrl() });
    expect(listed(output)).toEqual(names.map((account) => expect.objectContaining({ account, state: 'asleep' })));
    const calls = (await client.info('commandstats')).match(/cmdstat_scan:calls=(\d+)/)?.[1];
    expect(Number(calls)).toBeLessThanOrEqual(20); // 2,000 keys at a time
  });

  it('no accounts; a file that is wrong: exit 78, and none of it; Redis away: exit 69', async () => {
    const env = { REDIS_URL: redisUrl() };
    expect(await run(['accounts'], env)).toEqual({ code: 0, output: 'no accounts' });
    expect(await run(['accounts', '--json'], env)).toEqual({ code: 0, output: '' });
    const wrong = accountsFile('north');
    writeFileSync(wrong, '{"north":{"FAX_API_KEY":"s3cret"');
    const { code, output } = await run(['accounts'], { ...env, ACCOUNTS_FILE: wrong });
    expect([code, output]).toEqual([78, expect.stringMatching(/^ACCOUNTS_FILE: /)]);
    expect(output).not.toContain('s3cret');
    const away = await run(['accounts'], { REDIS_URL: 'redis://127.0.0.1:1' });
    expect([away.code, away.output]).toEqual([69, expect.stringContaining('REDIS_URL')]);
  }, 30_000);

  (HAS_REDIS_SERVER ? describe : describe.skip)('on a cluster', () => {
    const cluster = useCluster();

    it('each is in its own slot, and all are listed', async () => {
      const nodes = cluster.ports.map((port) => `127.0.0.1:${port}`).join(',');
      const env = { REDIS_CLUSTER_NODES: nodes, QUEUE_PREFIX: '{bull}', KEY_PREFIX: '{fax}:' };
      for (const account of ['north', 'south', 'east'])
        expect((await run(['track', '--account', account, '1'], env)).output).toBe('1 tracked');
      const client = new Cluster([{ host: '127.0.0.1', port: cluster.ports[0] ?? 0 }]);
      expect(await client.llen('{bull.north}:fax-status.north:wait')).toBe(1);
      client.disconnect();
      const { output } = await run(['accounts', '--json'], env);
      expect(listed(output)).toEqual(
        ['east', 'north', 'south'].map((account) =>
          expect.objectContaining({ account, state: 'no_worker', waiting: 1 }),
        ),
      );
    }, 30_000);
  });
});
