import { afterEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract §2: a wrong base path is answered with 404 for every fax; that makes no fax not_found.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

const FAXES = 8;
const kinds = (): string[] => harness.alerts.map(({ type }) => type);

it('while all answers are 404, no fax is made not_found, polling slows down with an alert, and goes on when the path is right', async () => {
  harness = await Harness.start({ redisUrl: redis.url, env: { NOT_FOUND_GRACE_MS: '300' } });
  harness.simulator.override({ code: 404 });
  for (let id = 1; id <= FAXES; id += 1) {
    harness.simulator.send(id, fateOf('sent', 0));
    await harness.enqueue(id);
  }
  const alert = await harness.alert('fax.alert.api_down');
  expect(alert.data.message).toMatch(/404 for every fax: check FAX_API_BASE_URL/);
  const before = harness.simulator.requests;
  // two holds of a second or more
  await harness.until(() => (harness.simulator.requests > before + 1 ? true : undefined));
  expect(harness.events).toEqual([]);
  harness.simulator.override(undefined);
  for (let id = 1; id <= FAXES; id += 1) expect((await harness.event(id)).data.state).toBe('sent');
  expect((await harness.alert('fax.alert.api_down.resolved')).data.message).toMatch(/404 for every fax/);
  expect(kinds()).toEqual(['fax.alert.api_down', 'fax.alert.api_down.resolved']);
});

it('a fax that the API does not know is not_found while it knows others', async () => {
  harness = await Harness.start({ redisUrl: redis.url, env: { NOT_FOUND_GRACE_MS: '500' } });
  for (let id = 1; id <= FAXES; id += 1) {
    harness.simulator.send(id, fateOf('pending', 0));
    await harness.enqueue(id);
  }
  harness.simulator.send('gone', fateOf('not-found', 0));
  await harness.enqueue('gone');
  expect((await harness.event('gone')).data).toMatchObject({ state: 'not_found', reason: 'not_found' });
  expect(kinds()).toEqual([]);
});

it('another process knows of the streak, and of its end', async () => {
  harness = await Harness.start({ redisUrl: redis.url, env: { NOT_FOUND_GRACE_MS: '300', RATE_LIMIT_MAX: '50' } });
  harness.simulator.override({ code: 404 });
  for (let id = 1; id <= FAXES; id += 1) await harness.enqueue(id);
  await harness.alert('fax.alert.api_down');
  await harness.restart();
  const before = harness.simulator.requests;
  await harness.until(() => (harness.simulator.requests > before + 1 ? true : undefined));
  expect(harness.events).toEqual([]);
});
