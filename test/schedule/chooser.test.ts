import { afterEach, expect, it } from '@jest/globals';
import { Chooser, type ChooserParts } from '../../src/schedule/chooser.ts';
import { shippedPrior } from '../../src/schedule/prior.ts';
import { silentLog } from '../support/log.ts';

const NOTHING = { now: 0, waiting: 0, inFlight: 0, candidates: 0, braked: false, newProbeMs: 0, lingering: [] };

let chooser: Chooser;
afterEach(() => chooser.stop());

/** A chooser that finds nothing to choose. @param looked called when it looks, with how often it has */
function chooserThat(looked: (times: number) => void, waiting = 0): Chooser {
  let times = 0;
  const heads = async () => {
    await Promise.resolve();
    looked((times += 1));
    return { ...NOTHING, waiting, hintedWaiting: 0, hintedInMs: undefined, sweepWorthMs: undefined, heads: [] };
  };
  const parts = {
    inFlight: { heads, jobsOf: () => Promise.resolve([]), tellSlotWorth: () => Promise.resolve() },
    limit: { current: 10, perWindow: 1, binds: () => Promise.resolve(false) },
    model: { hazards: shippedPrior(), flush: () => Promise.resolve() },
    settings: { POLL_MIN_INTERVAL_MS: 5_000, POLL_MAX_INTERVAL_MS: 300_000 },
    log: silentLog,
  };
  return new Chooser(parts as unknown as ChooserParts);
}

it.each(Array.from({ length: 12 }, (_, i) => i))(
  'a slot that is taken as a round ends (%d steps after it looked) leads to another look',
  async (steps) => {
    const second = Promise.withResolvers<undefined>();
    chooser = chooserThat((times) => {
      if (times === 2) second.resolve(undefined);
      if (times === 1) void after(steps, () => chooser.next());
    });
    await chooser.start();
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('no other look')), 500)); // half a refresh
    await Promise.race([second.promise, late]);
  },
);

it('a worker that finds nothing to do leads to another look only where no fax waits for the next slot', async () => {
  let looks = 0;
  for (const waiting of [1, 0]) {
    chooser = chooserThat(() => (looks += 1), waiting);
    await chooser.start();
    await after(20, () => chooser.onDrained());
    await after(20, () => undefined);
    await chooser.stop();
  }
  expect(looks).toBe(1 + 2);
});

/** Microtasks, as answers that come together are handled one after the other. */
async function after(steps: number, then: () => void): Promise<void> {
  for (let i = 0; i < steps; i += 1) await Promise.resolve();
  then();
}
