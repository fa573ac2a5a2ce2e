import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { fateOf } from '../../src/simulator/fate.ts';
import { Harness } from '../support/harness.ts';
import { useRedis } from '../support/use-redis.ts';

// Contract § 2: an outage is when most requests fail. Faxes that always fail are none.

const redis = useRedis();
let harness: Harness;
afterEach(() => harness.stop());

it('ten faxes that always fail, first in line, hold up the others for a few tries at most', async () => {
  harness = await Harness.start({
    redisUrl: redis.url,
    env: { RATE_LIMIT_MAX: '20', POLL_MIN_INTERVAL_MS: '1000', POLL_MAX_INTERVAL_MS: '5000' },
  });
  const { simulator } = harness;
  for (let id = 1; id <= 10; id += 1) {
    simulator.send(`bad-${id}`, { then: [{ afterMs: 0, answer: { code: 500 } }] });
    await harness.enqueue(`bad-${id}`);
  }
  await harness.alert('fax.alert.api_down'); // as nothing else is known of the API yet
  for (let id = 1; id <= 40; id += 1) {
    simulator.send(id, fateOf('sent', 2_000));
    await harness.enqueue(id);
    await sleep(250); // one after the other, so that few are there to be answered at first
  }
  const most = Date.now() + 15_000; // the brake held them for minutes, as each fault was one more sign of an outage
  await harness.until(() => (harness.events.length === 40 || Date.now() > most ? true : undefined));
  expect(harness.events).toHaveLength(40);
}, 60_000);
