import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { fateOf, type SimulatedAnswer } from '../../src/simulator/fate.ts';
import { Harness, TEST_KEY } from '../support/harness.ts';
import { leaks, pageTexts, redisTexts, type Seen } from '../support/leaks.ts';
import { freePort, startTestRedis } from '../support/redis-server.ts';
import { CliProcess } from '../support/worker-process.ts';

it('the key is in no log, Redis key, metric, page or process title after all kinds of failure', async () => {
  const redis = await startTestRedis();
  const port = await freePort();
  const harness = await Harness.start({
    redisUrl: redis.url,
    run: false,
    env: {
      LOG_LEVEL: 'trace',
      DASHBOARD_PORT: String(port),
      FAX_API_TIMEOUT_MS: '300',
      POLL_MAX_INTERVAL_MS: '100',
      NOT_FOUND_GRACE_MS: '200',
    },
  });
  const { simulator } = harness;
  const worker = new CliProcess(['start'], harness.env);
  await worker.line(/worker started/);

  // An API that echoes what it was sent, in every place where an answer has text.
  const echo = (text: string): SimulatedAnswer => ({
    body: {
      status: 'success',
      message: `${text} ${TEST_KEY} ${encodeURIComponent(TEST_KEY)}`,
      user_cash_balance: TEST_KEY,
    },
  });
  const elsewhere = `${simulator.url}/x?api_key=${encodeURIComponent(TEST_KEY)}`;
  const failures: SimulatedAnswer[] = [
    echo('Odd'),
    { code: 500, body: TEST_KEY },
    { body: `{${TEST_KEY}` },
    { code: 302, headers: { location: elsewhere } },
    { wire: 'reset' },
    { wire: 'hang' },
    { code: 404, body: TEST_KEY },
    { code: 400, body: TEST_KEY },
    { body: { status: 'failed', message: [TEST_KEY] } },
    { body: 'x'.repeat(70_000) },
  ];
  const jobs = [];
  for (const [i, failure] of failures.entries()) {
    simulator.send(i + 1, { first: [failure], then: [{ afterMs: 0, answer: echo('Sent fax') }] });
    jobs.push(await harness.enqueue(i + 1));
  }
  simulator.send(50, {
    then: [{ afterMs: 0, answer: { body: { status: 'failed', message: `Fax Failed: ${TEST_KEY}` } } }],
  });
  simulator.send(51, fateOf('not-found', 0));
  simulator.send(52, { first: [{ code: 403 }], then: fateOf('sent', 0).then });
  for (const id of [50, 51, 52]) jobs.push(await harness.enqueue(id));
  const bad = await harness.enqueue('not an id');
  await harness.job(bad, 'failed');
  for (const id of [...failures.keys()].map((i) => i + 1).concat(50, 51, 52)) await harness.event(id);
  simulator.accept('another');
  await harness.enqueue(60);
  await harness.alert('fax.alert.unauthorized');

  const pages = await pageTexts(`http://127.0.0.1:${port}`, harness.settings.QUEUE_NAME, [...jobs, bad]);
  const seen: Seen = new Map([...pages, ...(await redisTexts(harness.redis))]);
  seen.set('command line', await readFile(`/proc/${worker.child.pid}/cmdline`, 'utf8').catch(() => ''));
  seen.set('events', JSON.stringify([harness.events, harness.alerts]));
  expect(await worker.exit('SIGTERM')).toBe(0);
  seen.set('log', worker.output);

  expect(worker.lines.length).toBeGreaterThan(30);
  expect([...seen.values()].join('')).toContain('[redacted]'); // the echo did arrive
  expect(leaks(TEST_KEY, seen)).toEqual([]);
  await harness.stop();
  await redis.stop();
}, 90_000); // holds of random length add up
