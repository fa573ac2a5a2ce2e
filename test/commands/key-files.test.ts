import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { KeyedApi } from '../support/keyed-api.ts';
import { useRedis } from '../support/use-redis.ts';
import { CliProcess, run } from '../support/worker-process.ts';

// The files with the keys, as worker processes read them: at start, at SIGHUP, now and then.

const READ_WITHIN_MS = 5_000; // of a change, by the contract
const redis = useRedis();
let api: KeyedApi;
let client: Redis;
let dir: string;
let name: string;
let workers: CliProcess[];
let queues: Queue[];

beforeEach(async () => {
  api = await KeyedApi.start();
  client = new Redis(redis.url);
  dir = await mkdtemp(join(tmpdir(), 'faxwatch-key-files-'));
  name = `fax-${randomUUID().slice(0, 8)}`;
  [workers, queues] = [[], []];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.exit('SIGTERM')));
  await Promise.all(queues.map((queue) => queue.close()));
  client.disconnect();
  await api.stop();
  await rm(dir, { recursive: true });
});

describe('FAX_API_KEY_FILE', () => {
  const keyFile = (): string => join(dir, 'api-key');

  it('changed under load: no job is lost, and the old key is used no more', async () => {
    api.set('old-key', 'ok');
    api.set('new-key', 'ok');
    await put('api-key', 'old-key\n');
    await start({ FAX_API_KEY_FILE: keyFile(), RATE_LIMIT_MAX: '40' });
    await enqueue(name, 200); // 400 polls: ten seconds
    await until(() => api.requestsWith('old-key') > 40);
    await put('api-key', 'new-key\n');
    const changedAt = performance.now();
    await until(async () => (await client.xlen(`${name}:events`)) === 200);
    expect(performance.now() - changedAt).toBeGreaterThan(READ_WITHIN_MS); // or this shows nothing
    expect(api.requestsWith('old-key', changedAt + READ_WITHIN_MS)).toBeLessThanOrEqual(2);
    expect(api.requestsWith('new-key')).toBeGreaterThan(40);
    expect(await queues[0]?.getJobCounts('failed', 'wait', 'active')).toEqual({ failed: 0, wait: 0, active: 0 });
  }, 90_000);

  it('takes off the brake that was on as the old key was refused', async () => {
    api.set('new-key', 'ok');
    await put('api-key', 'old-key\n');
    const worker = await start({ FAX_API_KEY_FILE: keyFile() });
    await enqueue(name, 5, 'refused');
    await until(async () => (await client.hget(`${name}:brake`, 'reason')) === 'unauthorized');
    await put('api-key', 'new-key\n');
    worker.child.kill('SIGHUP');
    const changedAt = performance.now();
    await enqueue(name, 5, 'later');
    await until(async () => (await client.keys(`${name}:status:later-*`)).length === 5);
    await until(async () => (await client.xlen(`${name}:events`)) === 10);
    expect(performance.now() - changedAt).toBeLessThan(4_500); // the least hold after a 401 is five seconds
    expect(await client.hget(`${name}:brake`, 'reason')).toBe('');
  });

  it('is another after a restart: the brake of the old key is off, and the refused faxes are polled at once', async () => {
    api.set('new-key', 'ok');
    await put('api-key', 'old-key\n');
    const worker = await start({ FAX_API_KEY_FILE: keyFile() });
    await enqueue(name, 2, 'refused');
    await until(async () => (await client.hget(`${name}:brake`, 'reason')) === 'unauthorized');
    await worker.exit('SIGTERM');
    const heldUntil = Number(await client.hget(`${name}:brake`, 'heldUntil')) + 60_000;
    await client.hset(`${name}:brake`, 'heldUntil', heldUntil);
    await put('api-key', 'new-key\n');
    await start({ FAX_API_KEY_FILE: keyFile() });
    await until(async () => (await client.xlen(`${name}:events`)) === 2);
    expect(Date.now()).toBeLessThan(heldUntil - 50_000);
  });

  it('swapped as Kubernetes does it, by the folder that it lies in, is read', async () => {
    const version = async (folder: string, key: string): Promise<void> => {
      await mkdir(join(dir, folder));
      await writeFile(join(dir, folder, 'api-key'), key);
      await symlink(folder, join(dir, '..data_tmp'));
      await rename(join(dir, '..data_tmp'), join(dir, '..data'));
    };
    await version('..first', 'old-key');
    await symlink('..data/api-key', keyFile());
    const worker = await start({ FAX_API_KEY_FILE: keyFile() });
    await version('..second', 'new-key');
    const changedAt = performance.now();
    await worker.line(/another key/);
    expect(performance.now() - changedAt).toBeLessThan(READ_WITHIN_MS);
  });

  it('is read at once at SIGHUP', async () => {
    await put('api-key', 'key-0');
    const worker = await start({ FAX_API_KEY_FILE: keyFile() });
    const changedAt = performance.now();
    for (let i = 1; i <= 4; i += 1) {
      await put('api-key', `key-${i}`);
      worker.child.kill('SIGHUP');
      await until(() => worker.lines.filter((line) => line.includes('another key')).length === i);
    }
    expect(performance.now() - changedAt).toBeLessThan(4_000); // without it there are two seconds from one to the next
  });
});

describe('ACCOUNTS_FILE', () => {
  const accountsFile = (): string => join(dir, 'accounts.json');
  const [north, south] = [{ FAX_API_KEY: 'key-of-north' }, { FAX_API_KEY: 'key-of-south' }];
  beforeEach(() => {
    api.set('key-of-north', 'ok');
    api.set('key-of-south', 'ok');
  });

  it('is read at once at SIGHUP', async () => {
    await putAccounts({ north });
    const worker = await start({ ACCOUNTS_FILE: accountsFile() });
    const changedAt = performance.now();
    for (let i = 1; i <= 4; i += 1) {
      await putAccounts({ north: { FAX_API_KEY: `key-${i}` } });
      worker.child.kill('SIGHUP');
      await until(() => worker.lines.filter((line) => line.includes('another key')).length === i);
    }
    expect(performance.now() - changedAt).toBeLessThan(4_000);
  });

  it('that is wrong at start ends the process with code 78 and a line for each fault, without a value', async () => {
    await putAccounts({
      north: { FAX_API_KEY: 'hush 1', RATE_LIMIT_MAX: 'hush-2' },
      south: { CALLBACK_SECRET: 'hush-3' },
      'South!': { FAX_API_KEY: 'hush-4' },
    });
    const { code, output } = await run(['worker'], env({ ACCOUNTS_FILE: accountsFile() }));
    expect(code).toBe(78);
    const faults = output.split('\n').filter((line) => line.includes('ACCOUNTS_FILE: account'));
    expect(faults).toEqual([
      expect.stringMatching(/account "north": FAX_API_KEY: must/),
      expect.stringMatching(/account "north": RATE_LIMIT_MAX: must/),
      expect.stringMatching(/account "south": CALLBACK_SECRET: must/),
      expect.stringMatching(/account "south": FAX_API_KEY: required/),
      expect.stringMatching(/account "South!": a name is/),
    ]);
    expect(output).not.toContain('hush');
  });

  it('without an account that ACCOUNTS names ends the process with code 78, and says which', async () => {
    await putAccounts({ north, south });
    const { code, output } = await run(['worker'], env({ ACCOUNTS_FILE: accountsFile(), ACCOUNTS: 'north,nroth' }));
    expect(code).toBe(78);
    expect(output).toMatch(/ACCOUNTS: ACCOUNTS_FILE has no account of that name: nroth$/m);
    expect(output).not.toContain('key-of-north');
  });

  it('gives a process with ACCOUNTS those accounts only, of which one may go later', async () => {
    api.set('key-of-east', 'ok');
    const east = { FAX_API_KEY: 'key-of-east' };
    await putAccounts({ north, south, east });
    const worker = await start({ ACCOUNTS_FILE: accountsFile(), ACCOUNTS: 'north,south' });
    for (const account of ['north', 'south', 'east']) await enqueue(`${name}.${account}`, 3, account);
    await until(async () => (await eventsOf('north')) === 3 && (await eventsOf('south')) === 3);
    expect(api.requestsWith('key-of-east')).toBe(0);
    await putAccounts({ south, east });
    worker.child.kill('SIGHUP');
    await worker.line(/ACCOUNTS_FILE has no account of that name: north/);
    await enqueue(`${name}.south`, 6, 'south');
    await until(async () => (await eventsOf('south')) === 6);
    expect(api.requestsWith('key-of-east')).toBe(0);
  });

  it('may have one key twice, with a warning', async () => {
    await putAccounts({ north, twin: north });
    const worker = await start({ ACCOUNTS_FILE: accountsFile() });
    expect(await worker.line(/same key/)).toMatch(/north,twin/);
    for (const account of ['north', 'twin']) await enqueue(`${name}.${account}`, 3, account);
    await until(async () => (await eventsOf('north')) === 3 && (await eventsOf('twin')) === 3);
    expect(worker.output).not.toContain('key-of-north');
  });

  it('without an account that has faxes in flight: it is polled no more, and its jobs and results stay', async () => {
    await putAccounts({ north, south });
    const worker = await start({ ACCOUNTS_FILE: accountsFile(), RATE_LIMIT_MAX: '20' });
    await enqueue(`${name}.north`, 100, 'north');
    await until(async () => (await eventsOf('north')) >= 5);
    await putAccounts({ south });
    worker.child.kill('SIGHUP');
    await worker.line(/no longer served/);
    await until(async () => (await queues[0]?.getActiveCount()) === 0); // those under way end
    const [asked, finished] = [api.requestsWith('key-of-north'), await eventsOf('north')];
    await enqueue(`${name}.south`, 40, 'south'); // four seconds' worth
    await until(async () => (await eventsOf('south')) === 40);
    expect([api.requestsWith('key-of-north'), await eventsOf('north')]).toEqual([asked, finished]);
    expect(await client.keys(`${name}:north:status:*`)).toHaveLength(finished);
    expect(await queues[0]?.getJobCountByTypes('wait', 'delayed')).toBe(100 - finished);
  });

  async function putAccounts(accounts: object): Promise<void> {
    await put('accounts.json', JSON.stringify(accounts));
  }

  async function eventsOf(account: string): Promise<number> {
    return client.xlen(`${name}:${account}:events`);
  }
});

/** Replaces a file in one step. */
async function put(file: string, content: string): Promise<void> {
  await writeFile(join(dir, `${file}.new`), content);
  await rename(join(dir, `${file}.new`), join(dir, file));
}

function env(own: Record<string, string>): Record<string, string> {
  return {
    FAX_API_BASE_URL: api.url,
    REDIS_URL: redis.url,
    QUEUE_NAME: name,
    KEY_PREFIX: `${name}:`,
    RATE_LIMIT_MAX: '100',
    RATE_LIMIT_DURATION_MS: '1000',
    POLL_MIN_INTERVAL_MS: '50',
    POLL_MAX_INTERVAL_MS: '200',
    DASHBOARD_PORT: '0',
    ...own,
  };
}

/** A worker that has read its file. */
async function start(own: Record<string, string>): Promise<CliProcess> {
  const worker = new CliProcess(['worker'], env({ SHUTDOWN_TIMEOUT_MS: '2000', ...own }));
  workers.push(worker);
  await worker.line(/append-only file/); // said of this Redis once the service begins
  return worker;
}

async function enqueue(queueName: string, count: number, prefix = 'fax'): Promise<void> {
  const queue = new Queue(queueName, { connection: client, skipMetasUpdate: true });
  queues.push(queue);
  await queue.addBulk(
    Array.from({ length: count }, (_, i) => ({ name: 'poll', data: { faxJobId: `${prefix}-${i}` } })),
  );
}

/** Looks now and then. Jest's own time-out ends a vain wait. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
