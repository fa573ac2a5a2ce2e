import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { SimulatedAnswer } from '../../src/simulator/fate.ts';
import { startTestRedis, type TestRedis } from '../support/redis-server.ts';
import { FaultyFleet, FAXES, NO_LOSSES } from './fleet.ts';

// What the API or the way to it can do wrong to a whole fleet. Single answers: test/fax-api/client.test.ts and
// answers.test.ts.

let redis: TestRedis;
let fleet: FaultyFleet;
beforeAll(async () => {
  redis = await startTestRedis();
});
afterEach(() => fleet.stop());
afterAll(() => redis.stop());

const env = { FAX_API_TIMEOUT_MS: '300' };

const SENT = '"status":"success","message":"Sent! Fax Has Been Answered."';
const BROKEN: readonly SimulatedAnswer[] = [
  { code: 500 },
  { code: 503, headers: { 'retry-after': '1' }, body: 'busy' },
  { wire: 'hang' },
  { wire: 'reset' },
  { wire: 'trickle', body: `{${SENT}}` },
  { body: `{${SENT}}${' '.repeat(3_000_000)}` },
  { headers: { 'content-type': 'text/html' }, body: '<h1>Sent! success</h1>' },
  { body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString('latin1') },
  { body: `{"status":"failed","message":"Fax Failed: Busy",${SENT}}` },
  { body: `{"message":"Fax Failed: Busy",${SENT},"status":"queued"}` },
  { body: `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)},${SENT}}` },
  { body: { status: 200, message: 1 } },
  { body: '' },
  { body: '[]' },
  { body: 'null' },
  { code: 302, headers: { location: 'http://127.0.0.1:1/elsewhere' }, body: `{${SENT}}` },
  { code: 418, body: `{${SENT}}` },
];

it('broken answers of every kind among the good ones: each fax ends as it did', async () => {
  fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 2, env });
  await fleet.send(FAXES, 2_000, (i) => (i % 3 === 0 ? [BROKEN[(i / 3) % BROKEN.length] as SimulatedAnswer] : []));
  expect(await fleet.losses('broken answers', Math.ceil(FAXES / 3))).toEqual(NO_LOSSES);
}, 300_000);

it.each<[string, SimulatedAnswer]>([
  ['a storm of 5xx', { code: 502, body: 'bad gateway' }],
  ['hangs', { wire: 'hang' }],
  ['resets', { wire: 'reset' }],
])(
  '%s for a while: fewer requests while it lasts, and nothing is lost',
  async (what, answer) => {
    fleet = await FaultyFleet.start({ redisUrl: redis.url, workers: 2, env });
    const { simulator } = fleet.harness;
    simulator.override(answer);
    await fleet.send(60, 3_000);
    await fleet.harness.alert('fax.alert.api_down');
    const before = simulator.requests;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const during = simulator.requests - before;
    simulator.override(undefined);
    expect(await fleet.losses(what, 1)).toEqual(NO_LOSSES);
    expect(during).toBeLessThan(30); // of the 600 that the pace allows
  },
  120_000,
);
