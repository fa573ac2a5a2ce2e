import { describe, expect, it } from '@jest/globals';
import { keysOf } from '../../src/contract/keys.ts';
import { HistoryRecord } from '../../src/hints/history-record.ts';
import { pollsFor } from '../../src/hints/words.ts';
import { useRedisClient } from '../support/use-redis-client.ts';

const redis = useRedisClient();
const keys = keysOf('fax:');
const theRecord = () => new HistoryRecord(redis.client, keys);

describe('what was learned of the list of faxes', () => {
  it('is nothing at first, and then what each worker added', async () => {
    expect(await theRecord().read()).toEqual({
      trust: { trusted: false, stoppedUntil: 0, stops: 0 },
      words: new Map(),
      byCallback: 0,
    });
    await theRecord().onOutcome('success', 'confirmed');
    await theRecord().onOutcome('success', 'early');
    await theRecord().onPending('in flight: now', 'pending', 2);
    await theRecord().onPending('in flight: now', 'stale', 0);
    await theRecord().trust();
    expect(await theRecord().read()).toEqual({
      trust: { trusted: true, stoppedUntil: 0, stops: 0 },
      words: new Map([
        ['success', { confirmed: 1, early: 1, pending: 0, stale: 0 }],
        ['in flight: now', { confirmed: 0, early: 0, pending: 2, stale: 0 }],
      ]),
      byCallback: 0,
    });
  });

  it('of a word that was right for long is soon outweighed when it is wrong', async () => {
    for (let i = 0; i < 500; i += 1) await theRecord().onOutcome('success', 'confirmed');
    let wrong = 0;
    for (; wrong < 500 && (await isHint('success')); wrong += 1) await theRecord().onOutcome('success', 'early');
    expect(wrong).toBeLessThanOrEqual(40);
    expect(wrong).toBeGreaterThan(5); // and not by the first few
  });

  it('counts half after a stop, which is longer each time until a hint proves right', async () => {
    for (let i = 0; i < 4; i += 1) await theRecord().onOutcome('success', 'early');
    expect(await theRecord().stop(await theRecord().read(), 1_000)).toBe(61_000);
    expect(await theRecord().stop(await theRecord().read(), 1_000)).toBe(121_000);
    const { trust, words } = await theRecord().read();
    expect(trust).toEqual({ trusted: false, stoppedUntil: 121_000, stops: 2 });
    expect(words.get('success')?.early).toBe(1);
    await theRecord().trust();
    expect((await theRecord().read()).trust).toEqual({ trusted: true, stoppedUntil: 0, stops: 0 });
  });

  it('does not keep words of which next to nothing is known', async () => {
    for (let i = 0; i < 50; i += 1) await theRecord().onOutcome(`sent at ${i}`, 'early');
    await theRecord().stop(await theRecord().read(), 0);
    expect((await theRecord().read()).words.size).toBe(0);
  });

  async function isHint(word: string): Promise<boolean> {
    const known = (await theRecord().read()).words.get(word);
    return known !== undefined && pollsFor(known, 'final') > 0;
  }
});
