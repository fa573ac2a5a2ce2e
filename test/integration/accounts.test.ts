import { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AccountsHarness } from '../support/accounts.ts';
import { KeyedApi } from '../support/keyed-api.ts';
import { freePort } from '../support/redis-server.ts';
import { useRedis } from '../support/use-redis.ts';

const redis = useRedis();
let api: KeyedApi;
let harness: AccountsHarness;

const north = { FAX_API_KEY: 'key-of-north' };
const south = { FAX_API_KEY: 'key-of-south' };
const ids = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

beforeEach(async () => {
  api = await KeyedApi.start();
  api.set('key-of-north', 'ok');
  api.set('key-of-south', 'ok');
  harness = new AccountsHarness(redis.url, { FAX_API_BASE_URL: api.url });
});
afterEach(async () => {
  await harness.stop();
  await api.stop();
});

describe('an account', () => {
  it('is polled with its own key, in its own space, and its events say whose they are', async () => {
    await harness.start({ north, south });
    await harness.enqueue('north', 1);
    await harness.enqueue('south', 2);
    const [first] = await harness.eventsOf('north', 1);
    await harness.eventsOf('south', 1);
    expect(first).toMatchObject({ id: 'fax-1', source: `/faxwatch/north`, account: 'north', data: { state: 'sent' } });
    expect(new Set(api.log.map(({ key, faxId }) => `${faxId} ${key}`))).toEqual(
      new Set(['1 key-of-north', '2 key-of-south']),
    );
    expect(await harness.redis.hget(`${harness.name}:north:status:1`, 'state')).toBe('sent');
    expect(new Set(harness.hidden)).toEqual(new Set(['key-of-north', 'key-of-south']));
  });

  it('wakes soon after its first job, and one that sleeps has no connection and nothing in Redis', async () => {
    await harness.start({ north, south });
    const before = await connections();
    const started = performance.now();
    await harness.enqueue('north', 1);
    const first = await harness.until(() => api.log[0]);
    expect(first.at - started).toBeLessThan(3_000);
    expect(await connections()).toBe(before + 1);
    expect(await harness.redis.keys(`*${harness.name}.south:*`)).toEqual([]);
  });

  it('whose key is refused holds up no other, and its alert says whose it is', async () => {
    api.set('key-of-north', 'refused');
    await harness.start({ north, south });
    await harness.enqueue('north', ...ids(1, 20));
    const alert = await harness.until(() => harness.alerts[0]);
    expect(alert).toMatchObject({
      type: 'fax.alert.unauthorized',
      source: '/faxwatch/north',
      account: 'north',
    });
    await harness.enqueue('south', ...ids(101, 20));
    expect(await harness.eventsOf('south', 20)).toHaveLength(20);
    expect(harness.events.filter(({ account }) => account === 'north')).toEqual([]);
  });

  it('is as prompt beside one that is refused, one that is left hanging and one with thousands of jobs', async () => {
    api.set('key-of-refused', 'refused');
    api.set('key-of-hanging', 'hanging');
    api.set('key-of-many', 'ok');
    const many = { FAX_API_KEY: 'key-of-many', RATE_LIMIT_MAX: 5 };
    const [refused, hanging] = [{ FAX_API_KEY: 'key-of-refused' }, { FAX_API_KEY: 'key-of-hanging' }];
    await harness.start({ south, refused, hanging, many });
    await harness.enqueue('south', 1); // wakes it
    await harness.eventsOf('south', 1);
    const alone = await medianMs(ids(101, 40));
    await harness.enqueue('refused', ...ids(1_001, 200));
    await harness.enqueue('hanging', ...ids(2_001, 200));
    await harness.enqueue('many', ...ids(10_001, 5_000));
    await harness.until(
      () => ['refused', 'hanging', 'many'].every((of) => api.requestsWith(`key-of-${of}`) > 0) || undefined,
    );
    const beside = await medianMs(ids(201, 40));
    expect(beside).toBeLessThan(2 * alone + 1_000); // generous: the machine may be busy
    expect(harness.events.filter(({ account }) => account === 'refused' || account === 'hanging')).toEqual([]);
  });

  /** From enqueue to result of faxes of south, in the middle of them. */
  async function medianMs(faxes: readonly number[]): Promise<number> {
    const before = harness.events.filter(({ account }) => account === 'south').length;
    await harness.enqueue('south', ...faxes);
    const events = (await harness.eventsOf('south', before + faxes.length)).slice(before);
    const tookMs = events.map(({ data }) => Date.parse(data.completedAt) - Date.parse(data.enqueuedAt));
    return tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)] ?? 0;
  }

  async function connections(): Promise<number> {
    return Number(/connected_clients:(\d+)/.exec(await harness.redis.info('clients'))?.[1]);
  }
});

describe('the file of accounts', () => {
  it('is read again: accounts come and go, and the jobs of one that goes stay', async () => {
    await harness.start({ north });
    await harness.enqueue('south', 1);
    await harness.write({ north, south });
    await harness.eventsOf('south', 1); // within the 5 s of the contract, or Jest's time-out ends it
    await harness.write({ south });
    await harness.until(() => harness.log.lines.find(({ msg }) => msg === 'account: no longer served'));
    await harness.enqueue('north', 2);
    await harness.enqueue('south', 3);
    await harness.eventsOf('south', 2);
    expect(api.requestsWith('key-of-north')).toBe(0);
    expect(await harness.queue('north').getWaitingCount()).toBe(1);
  });

  it('changes a key under load: the old one is used no more, and no job is lost', async () => {
    await harness.start({ north: { ...north, RATE_LIMIT_MAX: 20 } });
    await harness.enqueue('north', ...ids(1, 40));
    await harness.eventsOf('north', 5);
    api.set('key-of-north', 'refused');
    api.set('another-key', 'ok');
    await harness.until(() => harness.alerts.find(({ type }) => type === 'fax.alert.unauthorized'));
    const changedAt = performance.now();
    await harness.write({ north: { FAX_API_KEY: 'another-key', RATE_LIMIT_MAX: 20 } });
    const over = await harness.until(() =>
      harness.alerts.find(({ type }) => type === 'fax.alert.unauthorized.resolved'),
    );
    expect(over.data.message).toMatch(/the key was changed/);
    expect(performance.now() - changedAt).toBeLessThan(5_000);
    expect(await harness.eventsOf('north', 40)).toHaveLength(40);
    expect(api.requestsWith('key-of-north', changedAt + 5_000)).toBeLessThanOrEqual(2);
    expect(new Set(harness.events.map(({ id }) => id)).size).toBe(40);
    expect(harness.hidden).toContain('another-key');
  }, 60_000);

  it('that is wrong changes nothing, says which account and field, and shows no value', async () => {
    harness = await replaced({ DASHBOARD_PORT: await port() });
    await harness.start({ north, south });
    expect(await metric('fax_accounts_file_valid')).toBe('1');
    for (const [content, problem] of [
      [{ north: { FAX_API_KEY: 'hu sh' } }, /account "north": FAX_API_KEY: .*; nothing is changed/],
      ['{"north":{"FAX_API_KEY":"hu sh"', /must be a JSON object.*; nothing is changed/],
    ] as const) {
      await harness.write(content);
      await harness.readKeys();
      expect(harness.log.lines.at(-1)?.msg).toMatch(problem);
      expect(await metric('fax_accounts_file_valid')).toBe('0');
    }
    expect(JSON.stringify(harness.log.lines)).not.toContain('hu sh');
    await harness.enqueue('south', 1);
    await harness.eventsOf('south', 1);
    await harness.write({ north, south });
    await harness.readKeys();
    expect(await metric('fax_accounts_file_valid')).toBe('1');
  });
});

it('the low balance of an account follows its threshold: gauge and alert', async () => {
  harness = await replaced({ DASHBOARD_PORT: await port() });
  const threshold = 'fax_low_balance_threshold{account="north"}';
  const raised = (): number => harness.alerts.filter(({ type }) => type === 'fax.alert.low_balance').length;
  const resolved = (): number => harness.alerts.filter(({ type }) => type === 'fax.alert.low_balance.resolved').length;
  await harness.start({ north: { ...north, LOW_BALANCE_THRESHOLD: 5 } }); // the API says 1
  await harness.enqueue('north', 1);
  await harness.until(() => raised() === 1 || undefined);
  expect(await metric(threshold)).toBe('5');
  for (const [id, own, shown, alerts] of [
    [2, { LOW_BALANCE_THRESHOLD: 0.5 }, '0.5', [1, 1]],
    [3, { LOW_BALANCE_THRESHOLD: 7 }, '7', [2, 1]],
    [4, {}, undefined, [2, 2]],
  ] as const) {
    await harness.write({ north: { ...north, ...own } });
    await harness.readKeys();
    expect(await metric(threshold)).toBe(shown);
    await harness.enqueue('north', id);
    await harness.until(() => (raised() === alerts[0] && resolved() === alerts[1]) || undefined);
  }
});

it('metrics, readiness and dashboard tell accounts apart', async () => {
  harness = await replaced({ DASHBOARD_PORT: await port() });
  api.set('key-of-north', 'refused');
  await harness.start({ north, south, asleep: { FAX_API_KEY: 'key-of-none' } }, { worker: true, board: true });
  await harness.enqueue('north', 1);
  await harness.enqueue('south', 2);
  await harness.eventsOf('south', 1);
  await harness.until(() => harness.alerts[0]);
  expect(await metric('fax_finished_total{account="south",state="sent",reason="ok"}')).toBe('1');
  expect(await metric('fax_brake{account="north",reason="unauthorized"}')).toBe('1');
  expect(await text('/metrics')).not.toContain('asleep');
  expect(JSON.parse(await text('/readyz'))).toEqual({ status: 'ready', refused: ['north'] });
  const { queues } = JSON.parse(await text('/queues/api/queues')) as { queues: { name: string }[] };
  expect(queues.map(({ name }) => name.split('.')[1]).sort()).toEqual(['asleep', 'north', 'south']);
  await harness.write({ south });
  await harness.readKeys();
  const left = JSON.parse(await text('/queues/api/queues')) as { queues: { name: string }[] };
  expect(left.queues.map(({ name }) => name.split('.')[1])).toEqual(['south']);
  await harness.until(async () => !(await text('/metrics')).includes('account="north"') || undefined);
});

it('an account that cannot start is critical on the overview, and harms neither the others nor readiness', async () => {
  harness = await replaced({ DASHBOARD_PORT: await port() });
  await harness.start({ north, south }, { worker: true, board: true });
  await harness.redis.set(`${harness.name}:north:ceilings`, 'no hash');
  await harness.enqueue('north', 1);
  const overview = await harness.until(async () => {
    const shown = JSON.parse(await text('/api/overview')) as { severity: string; problems: { accounts: string[] }[] };
    return shown.severity === 'critical' ? shown : undefined;
  });
  expect(overview.problems.map(({ accounts }) => accounts)).toEqual([['north']]);
  expect(JSON.parse(await text('/readyz'))).toEqual({ status: 'ready' });
  await harness.enqueue('south', 2);
  await harness.eventsOf('south', 1);
  await harness.redis.del(`${harness.name}:north:ceilings`);
  await harness.eventsOf('north', 1);
});

it('faxes in the queue of a service without accounts are warned of; one that cannot be read stops nothing', async () => {
  const whole = new Queue(harness.name, { connection: harness.redis, skipMetasUpdate: true });
  await whole.add('poll', { faxJobId: 9 });
  await harness.start({ north, south });
  const warning = await harness.until(() =>
    harness.log.lines.find(({ msg }) => msg.startsWith('this queue has faxes')),
  );
  expect(warning).toMatchObject({ queue: harness.name, jobs: 1 });
  await whole.close();
  harness = await replaced({});
  await harness.redis.set(`bull:${harness.name}:delayed`, 'no sorted set');
  await harness.start({ north, south });
  await harness.enqueue('north', 1);
  await harness.eventsOf('north', 1);
});

async function replaced(env: Record<string, string>): Promise<AccountsHarness> {
  await harness.stop();
  return new AccountsHarness(redis.url, { FAX_API_BASE_URL: api.url, ...env });
}

async function text(path: string): Promise<string> {
  return (await fetch(`${harness.address}${path}`)).text();
}

async function metric(name: string): Promise<string | undefined> {
  const line = (await text('/metrics')).split('\n').find((each) => each.startsWith(`${name} `));
  return line?.slice(name.length + 1);
}

async function port(): Promise<string> {
  return String(await freePort());
}
