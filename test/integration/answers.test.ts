import { afterEach, describe, expect, it } from '@jest/globals';
import type { AlertEvent } from '../../src/contract/alert.ts';
import { parseProgress } from '../../src/contract/progress.ts';
import { fateOf, UNDER_WAY, type SimulatedAnswer } from '../../src/simulator/fate.ts';
import { Harness, type HarnessOptions } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §2, row by row, through the whole service: queue in, result and event out.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

const start = async (options: Omit<HarnessOptions, 'redisUrl'> = {}): Promise<Harness> =>
  (harness = await Harness.start({ redisUrl: redis.url, ...options }));
const sent: SimulatedAnswer = {
  body: { status: 'success', message: 'Sent! Fax Has Been Answered.', user_cash_balance: 100.2 },
};
const first = (...answers: SimulatedAnswer[]) => ({ first: answers, then: fateOf('sent', 0).then });
const kinds = (alerts: AlertEvent[]): string[] => alerts.map(({ type }) => type);

describe('200', () => {
  it('final: the result is stored, the event emitted, the job completed', async () => {
    const { simulator } = await start();
    simulator.send(200, fateOf('sent', 0));
    const before = Date.now();
    const jobId = await harness.enqueue(200, { data: { metadata: { order: 'A-1' } } });
    const event = await harness.event(200);
    const { enqueuedAt, completedAt, ...rest } = await harness.result(200);
    expect(rest).toEqual({
      faxJobId: '200',
      state: 'sent',
      reason: 'ok',
      apiStatus: 'success',
      message: 'Sent! Fax Has Been Answered.',
      userCashBalance: '100.2',
      polls: '1',
      metadata: '{"order":"A-1"}',
    });
    expect(Date.parse(enqueuedAt ?? '')).toBeGreaterThanOrEqual(before);
    expect(Date.parse(completedAt ?? '')).toBeLessThanOrEqual(Date.now() + 1);
    expect(event).toMatchObject({ id: 'fax-200', type: 'fax.job.completed', subject: '200', time: completedAt });
    expect(event.data).toEqual({
      ...rest,
      faxJobId: 200,
      polls: 1,
      userCashBalance: 100.2,
      metadata: { order: 'A-1' },
      enqueuedAt,
      completedAt,
    });
    expect(await harness.streamEntries(200)).toEqual([event]);
    const ttl = await harness.redis.ttl(`${harness.settings.KEY_PREFIX}status:200`);
    expect(ttl).toBeGreaterThan(2_591_900);
    expect((await harness.job(jobId, 'completed')).returnvalue).toEqual(event.data);
  });

  it('pending: polled again when the schedule says, with its progress and log on the job', async () => {
    const { simulator } = await start({ env: { POLL_MIN_INTERVAL_MS: '300', POLL_MAX_INTERVAL_MS: '300' } });
    simulator.send('slow', { first: [UNDER_WAY, UNDER_WAY], then: fateOf('busy', 0).then });
    const jobId = await harness.enqueue('slow');
    const delayed = await harness.job(jobId, 'delayed');
    expect(parseProgress(delayed.progress)).toMatchObject({
      polls: 1,
      faults: 0,
      apiStatus: 'executed',
      lastMessage: 'Fax is being sent',
      nextPollAt: expect.any(String),
    });
    expect((await harness.queue.getJobLogs(jobId)).logs).toEqual([
      expect.stringContaining('poll 1: executed: Fax is being sent'),
    ]);
    expect((await harness.event('slow')).data).toMatchObject({ state: 'failed', reason: 'busy', polls: 3 });
    const times = simulator.log.map(({ at }) => at);
    expect(Math.min(...times.slice(1).map((at, i) => at - (times[i] ?? 0)))).toBeGreaterThanOrEqual(299);
  });

  it('pending for long: the job’s log keeps its last 20 lines', async () => {
    const { simulator } = await start({ env: { POLL_MIN_INTERVAL_MS: '20', POLL_MAX_INTERVAL_MS: '20' } });
    simulator.send('long', { first: Array.from({ length: 24 }, () => UNDER_WAY), then: fateOf('sent', 0).then });
    const jobId = await harness.enqueue('long');
    await harness.job(jobId, 'completed');
    const { logs } = await harness.queue.getJobLogs(jobId);
    expect([logs.length, logs[0], logs.at(-1)]).toEqual([
      20,
      expect.stringContaining(' poll 6: executed'),
      expect.stringContaining(' poll 25: sent (ok)'),
    ]);
  });

  it('unrecognised wording: stays pending, one alert and one metric per distinct wording', async () => {
    const { simulator } = await start();
    const odd = (message: string): SimulatedAnswer => ({ body: { status: 'success', message, user_cash_balance: 1 } });
    simulator.send(1, {
      first: [odd('Handed over'), odd('HANDED  over!'), odd('Handed over')],
      then: fateOf('sent', 0).then,
    });
    simulator.send(2, { first: [odd('Handed over'), odd('Put aside')], then: fateOf('sent', 0).then });
    await harness.enqueue(1);
    await harness.enqueue(2);
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent', polls: 4 });
    expect((await harness.event(2)).data).toMatchObject({ state: 'sent', polls: 3 });
    const wordings = harness.alerts
      .filter(({ type }) => type === 'fax.alert.unrecognised_message')
      .map(({ data }) => data.wording?.toLowerCase().replace(/\W+/g, ' '));
    expect(wordings.sort()).toEqual([expect.stringContaining('handed over'), expect.stringContaining('put aside')]);
  });

  const padding = 'x'.repeat(70_000);
  it.each<[string, SimulatedAnswer]>([
    ['not JSON', { body: '<html>' }],
    ['an empty body', { body: '' }],
    ['broken UTF-8 sent as if it were text', { body: '{"status":"success","message":"Sent' }],
    ['a list', { body: [] }],
    ['text', { body: '"Sent"' }],
    ['null', { body: 'null' }],
    ['without a status', { body: { message: 'Sent' } }],
    ['a status that is no text', { body: { status: 1, message: 'Sent' } }],
    ['a message that is no text', { body: { status: 'success', message: ['Sent'] } }],
    ['over 64 KiB', { body: { status: 'success', message: 'Sent', padding } }],
  ])('%s: a server fault', async (_what, answer) => {
    const { simulator } = await start();
    simulator.send(3, first(answer));
    await harness.enqueue(3);
    expect((await harness.event(3)).data).toMatchObject({ state: 'sent', polls: 2 });
  });

  it('the balance is a number, whatever form it comes in, and never a reason to doubt the status', async () => {
    const { simulator } = await start();
    const balances: [unknown, number | null][] = [
      ['12.5', 12.5],
      [0, 0],
      ['', null],
      [null, null],
      ['much', null],
      [{}, null],
    ];
    for (const [i, [balance]] of balances.entries()) {
      simulator.send(10 + i, {
        then: [{ afterMs: 0, answer: { body: { status: 'success', message: 'Sent', user_cash_balance: balance } } }],
      });
      await harness.enqueue(10 + i);
    }
    for (const [i, [, expected]] of balances.entries())
      expect((await harness.event(10 + i)).data.userCashBalance).toBe(expected);
  });
});

it('401: polling stops with a probe now and then, nothing fails, alert and its end, and it resumes by itself', async () => {
  const { simulator } = await start({ env: { RATE_LIMIT_MAX: '20' } });
  simulator.accept('another key');
  const jobs = [];
  for (let id = 1; id <= 20; id += 1) {
    simulator.send(id, fateOf('sent', 0));
    jobs.push(await harness.enqueue(id));
  }
  await harness.alert('fax.alert.unauthorized');
  const refused = simulator.requests;
  expect(refused).toBeLessThanOrEqual(5); // those under way when the first was refused
  simulator.accept(undefined);
  for (let id = 1; id <= 20; id += 1) expect((await harness.event(id)).data.state).toBe('sent');
  await harness.alert('fax.alert.unauthorized.resolved');
  expect(kinds(harness.alerts)).toEqual(['fax.alert.unauthorized', 'fax.alert.unauthorized.resolved']);
  expect(longestPause(simulator.log)).toBeGreaterThanOrEqual(4_950); // the first hold is at least 5 s
  expect(await harness.queue.getJobCounts('failed')).toEqual({ failed: 0 });
  for (const job of jobs) expect((await harness.queue.getJob(job))?.attemptsMade).toBeLessThanOrEqual(1);
});

it.each([
  [403, undefined, 990],
  [429, '2', 1_990],
])(
  '%i with Retry-After %s: polling stops for everyone, the pace is halved, the job loses nothing',
  async (code, retryAfter, leastMs) => {
    const { simulator } = await start({ env: { RATE_LIMIT_MAX: '50' } });
    simulator.send(1, first({ code, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } }));
    await harness.enqueue(1);
    const alert = await harness.alert('fax.alert.rate_limited');
    expect(alert).toMatchObject({
      specversion: '1.0',
      source: '/faxwatch',
      data: { message: expect.stringContaining('RATE_LIMIT_MAX') },
    });
    // from 47.5 per second to half of that, and it creeps back
    const { max, duration } = (await harness.queue.getGlobalRateLimit()) ?? { max: 0, duration: 0 };
    expect((max * 1_000) / duration).toBeLessThan(40);
    await harness.enqueue(2); // while the brake is on: nothing is asked for it
    simulator.send(2, fateOf('sent', 0));
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent', polls: 2 });
    await harness.event(2);
    const [refusal, next] = simulator.log;
    expect((next?.at ?? 0) - (refusal?.at ?? 0)).toBeGreaterThanOrEqual(leastMs);
    await harness.alert('fax.alert.rate_limited.resolved');
  },
);

describe('404', () => {
  it('within the grace: polled on', async () => {
    const { simulator } = await start();
    simulator.send(1, first({ code: 404 }, { code: 404 }));
    await harness.enqueue(1);
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent', polls: 3 });
  });

  it('after the grace: final not_found', async () => {
    const { simulator } = await start({ env: { NOT_FOUND_GRACE_MS: '250' } });
    simulator.send(1, fateOf('not-found', 0));
    await harness.enqueue(1);
    const { data } = await harness.event(1);
    expect(data).toMatchObject({ state: 'not_found', reason: 'not_found', message: '', userCashBalance: null });
    expect(Date.parse(data.completedAt) - Date.parse(data.enqueuedAt)).toBeGreaterThanOrEqual(250);
    expect(data.polls).toBeGreaterThan(1);
  });
});

describe('server faults', () => {
  it.each<[string, SimulatedAnswer]>([
    ['500', { code: 500, body: 'oops' }],
    ['503', { code: 503 }],
    ['time-out', { wire: 'hang' }],
    ['a body that trickles', { body: { status: 'success', message: 'Sent' }, wire: 'trickle' }],
    ['connection reset', { wire: 'reset' }],
    ['400', { code: 400 }],
    ['204', { code: 204 }],
  ])('%s: backed off from, then polled again', async (_what, answer) => {
    const { simulator } = await start({ env: { FAX_API_TIMEOUT_MS: '300' } });
    simulator.send(1, first(answer));
    await harness.enqueue(1);
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent', polls: 2 });
  });

  it('a redirect is never followed', async () => {
    const { simulator } = await start();
    const elsewhere = `${simulator.url}/fax/stolen/status`;
    simulator.send(
      1,
      first({ code: 302, headers: { location: elsewhere } }, { code: 307, headers: { location: elsewhere } }),
    );
    await harness.enqueue(1);
    expect((await harness.event(1)).data).toMatchObject({ state: 'sent', polls: 3 });
    expect(harness.requestsFor('stolen')).toBe(0);
  });

  it('when most requests fail the whole service slows down, and says so', async () => {
    const { simulator } = await start();
    simulator.override({ code: 500 });
    for (let id = 1; id <= 10; id += 1) await harness.enqueue(id);
    await harness.alert('fax.alert.api_down');
    simulator.override(sent);
    for (let id = 1; id <= 10; id += 1) await harness.event(id);
    await harness.alert('fax.alert.api_down.resolved');
    expect(longestPause(simulator.log)).toBeGreaterThanOrEqual(900);
    expect(await harness.queue.getJobCounts('failed')).toEqual({ failed: 0 });
  });
});

it('still not final after the deadline: final expired, last message kept', async () => {
  const { simulator } = await start({ env: { POLL_DEADLINE_MS: '600' } });
  simulator.send(1, fateOf('pending', 0));
  simulator.send(2, fateOf('pending', 0));
  await harness.enqueue(1);
  await harness.enqueue(2, { data: { deadlineMs: 150 } });
  const { data } = await harness.event(1);
  expect(data).toMatchObject({
    state: 'expired',
    reason: 'deadline_exceeded',
    apiStatus: 'executed',
    message: 'Fax is being sent',
  });
  const age = (result: typeof data): number => Date.parse(result.completedAt) - Date.parse(result.enqueuedAt);
  expect(age(data)).toBeGreaterThanOrEqual(600);
  const own = await harness.event(2);
  expect(own.data.state).toBe('expired');
  expect(age(own.data)).toBeGreaterThanOrEqual(150);
  expect(age(own.data)).toBeLessThan(age(data));
});

it('FAX_API_METHOD=POST sends the key in a form body', async () => {
  const { simulator } = await start({ env: { FAX_API_METHOD: 'POST' } });
  simulator.send(1, fateOf('sent', 0));
  await harness.enqueue(1);
  await harness.event(1);
  expect(simulator.log).toEqual([expect.objectContaining({ method: 'POST', code: 200 })]);
});

it('a balance below the threshold is alerted once, and its end', async () => {
  const { simulator } = await start({ env: { LOW_BALANCE_THRESHOLD: '10' } });
  const at = (balance: number) => ({
    then: [{ afterMs: 0, answer: { body: { status: 'success', message: 'Sent', user_cash_balance: balance } } }],
  });
  for (const [id, balance] of [
    [1, 12],
    [2, 9.5],
    [3, 9],
    [4, 10],
  ] as const) {
    simulator.send(id, at(balance));
    await harness.enqueue(id);
    await harness.event(id);
  }
  await harness.alert('fax.alert.low_balance.resolved');
  expect(harness.alerts.map(({ type, data }) => [type, data.userCashBalance])).toEqual([
    ['fax.alert.low_balance', 9.5],
    ['fax.alert.low_balance.resolved', 10],
  ]);
});

/** The longest time between two requests, ms. */
function longestPause(log: readonly { at: number }[]): number {
  return Math.max(...log.slice(1).map(({ at }, i) => at - (log[i]?.at ?? at)));
}
