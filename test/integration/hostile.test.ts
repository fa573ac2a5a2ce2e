import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { JobsOptions } from 'bullmq';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { redisTexts } from '../support/leaks.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { CliProcess } from '../support/worker-process.ts';

// What the service keeps of good faxes and of itself.
const OWN_KEYS = /^(events|life-table|pace|ceilings|answered|writable|slot-worth|finished:\d+|status:good-\d+)$/;

// What comes from producers and from the API is not to be trusted: it may fail its own job, and nothing else.

let redis: TestRedis;
let harness: Harness;
let worker: CliProcess;
beforeAll(async () => {
  redis = await startTestRedis();
  harness = await Harness.start({ redisUrl: redis.url, run: false });
  worker = new CliProcess(['worker'], { ...harness.env, LOG_LEVEL: 'trace' });
  await worker.line(/worker started/);
});
afterAll(async () => {
  await worker.exit('SIGTERM');
  await harness.stop();
  await redis.stop();
});

it.each<[string, unknown, JobsOptions, string]>([
  ['1 MB of metadata', { faxJobId: 1, metadata: { big: 'x'.repeat(1_000_000) } }, {}, 'data.metadata'],
  ['an id of 1 MB', { faxJobId: 'x'.repeat(1_000_000) }, {}, 'data.faxJobId'],
  ['a prototype', JSON.parse('{"__proto__":{"faxJobId":1}}'), {}, 'data.faxJobId'],
  ['an id that would be another key', { faxJobId: 'x:events' }, {}, 'data.faxJobId'],
  ['an id with a hash tag', { faxJobId: '{other}' }, {}, 'data.faxJobId'],
  ['an id with a new line', { faxJobId: '1\r\nFLUSHALL' }, {}, 'data.faxJobId'],
  ['a time of enqueueing that is no time', { faxJobId: 1 }, { timestamp: 1e18 }, 'opts.timestamp'],
  ['no data at all', undefined, {}, 'data.faxJobId'],
])('%s fails its own job, and good faxes go on', async (_what, data, opts, field) => {
  const { id } = await harness.queue.add('poll', data, opts);
  const failed = await harness.job(id ?? '', 'failed');
  const good = `good-${id}`;
  harness.simulator.send(good, fateOf('sent', 0));
  await harness.enqueue(good);
  expect((await harness.event(good)).data.state).toBe('sent');
  expect(failed.failedReason).toMatch(new RegExp(`^${field}: [^\\n]{1,200}$`));
  expect(failed.attemptsMade).toBe(1);
  // A thousand of them are kept, and must not fill Redis.
  expect(await harness.redis.hstrlen(harness.queue.toKey(id ?? ''), 'data')).toBeLessThanOrEqual(16_384);
  expect(harness.simulator.log.filter(({ faxId }) => !faxId.startsWith('good-'))).toEqual([]);
  const own = (await harness.redis.keys('*'))
    .filter((key) => !key.startsWith('bull:'))
    .map((key) => key.replace(harness.settings.KEY_PREFIX, ''));
  expect(own.filter((key) => !OWN_KEYS.test(key))).toEqual([]);
});

it('JSON nested deeper than it can be written fails its own job', async () => {
  // As a producer in another language can send it.
  const { id } = await harness.queue.add('poll', {}, { delay: 200 });
  await harness.redis.hset(
    harness.queue.toKey(id ?? ''),
    'data',
    `{"faxJobId":1,"metadata":{"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
  );
  expect((await harness.job(id ?? '', 'failed')).failedReason).toMatch(/^data\.metadata: /);
});

it('an API that sends new lines, control characters and markup forges no line of the log, and no field of a result', async () => {
  const message = 'Odd"}\n{"level":60,"msg":"forged"}\r\n\u001b[2J<script>alert(1)</script>\u2028';
  harness.simulator.send(1, {
    first: [{ body: { status: 'success', message } }],
    then: [{ afterMs: 0, answer: { body: { status: 'failed', message: `Fax Failed: ${message}` } } }],
  });
  const id = await harness.enqueue(1);
  const event = await harness.event(1);
  expect(event.data).toMatchObject({ state: 'failed', reason: 'unknown', message: `Fax Failed: ${message}` });
  await harness.job(id, 'completed');
  for (const line of worker.lines)
    expect(JSON.parse(line)).toMatchObject({
      level: expect.any(String),
      pid: worker.child.pid,
      msg: expect.not.stringMatching(/\p{Cc}/u),
    });
  const log = (await redisTexts(harness.redis)).get(`redis ${harness.queue.toKey(id)}:logs`) ?? '';
  expect(JSON.parse(log.slice(log.indexOf('[')))).toEqual([
    expect.not.stringMatching(/\p{Cc}/u),
    expect.not.stringMatching(/\p{Cc}/u),
  ]);
});
