import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import type { HistoryEntry } from '../../src/fax-api/history-answer.ts';
import { HistoryView, oldestFirst } from '../../src/hints/history-view.ts';
import type { WatchedFax } from '../../src/hints/page-map.ts';
import { NO_RECORD, type WordRecord } from '../../src/hints/words.ts';

const HINT_AGAIN_MS = 60_000;
const COVERED_MS = 300_000;
const rules = loadRules(null);
const newView = (): HistoryView =>
  new HistoryView({ rules, pageSize: 100, hintAgainMs: HINT_AGAIN_MS, coveredMs: COVERED_MS });
const fax = (id: number, pendingAt = 0): WatchedFax => ({ faxId: String(id), enqueuedAt: 0, pendingAt });
const entry = (id: number, word: string): HistoryEntry => ({ faxId: String(id), word, createdAt: undefined });
const words = (known: Record<string, Partial<WordRecord>>): ReadonlyMap<string, WordRecord> =>
  new Map(Object.entries(known).map(([word, record]) => [word, { ...NO_RECORD, ...record }]));
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const ids = (hints: readonly { readonly faxId: string }[]): string[] => hints.map(({ faxId }) => faxId);

describe('hints', () => {
  it('are the faxes in flight that look final, with their word', () => {
    const view = newView();
    view.renew([fax(1), fax(2), fax(3)], true);
    const entries = [entry(1, 'failed'), entry(2, 'executed'), entry(3, 'success'), entry(4, 'failed')];
    expect(view.read(1, entries, words({}), true, 1_000).hints).toEqual([
      { faxId: '1', hint: { source: 'history', pollsLeft: 3, word: 'failed' } },
      { faxId: '3', hint: { source: 'history', pollsLeft: 1, word: 'success' } },
    ]);
  });

  it('are not those by a word that proved wrong, or by none', () => {
    const view = newView();
    view.renew([fax(1), fax(2)], true);
    const known = words({ success: { early: 5 } });
    expect(view.read(1, [entry(1, 'success'), entry(2, '')], known, true, 1_000).hints).toEqual([]);
  });

  it('are at most three at once from a list that has not proved right yet', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20_000 }), { minLength: 1, maxLength: 40 }), (steps) => {
        const view = newView();
        view.renew(
          range(50).map((id) => fax(id)),
          true,
        );
        const given: number[] = [];
        let now = 1_000;
        for (const step of steps) {
          now += step;
          const { hints } = view.read(
            1,
            range(50).map((id) => entry(id, 'success')),
            words({}),
            false,
            now,
          );
          given.push(...hints.map(() => now));
          expect(given.filter((at) => at > now - HINT_AGAIN_MS).length).toBeLessThanOrEqual(3);
        }
        expect(given.length).toBeGreaterThan(0);
      }),
    );
  });

  it('never name one fax twice within the time, and ever more rarely after that', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 * HINT_AGAIN_MS }), { maxLength: 100 }), (steps) => {
        const view = newView();
        view.renew([fax(1)], true);
        let [now, leastMs, before] = [1_000, HINT_AGAIN_MS, -Infinity];
        for (const step of steps) {
          now += step;
          if (view.read(1, [entry(1, 'success')], words({}), true, now).hints.length === 0) continue;
          if (before > 0) {
            expect(now - before).toBeGreaterThanOrEqual(leastMs);
            leastMs *= 2;
          }
          before = now;
        }
      }),
    );
  });

  it('know no more than 50 words', () => {
    const view = newView();
    view.renew(
      range(200).map((id) => fax(id)),
      true,
    );
    const entries = range(200).map((id) => entry(id, `sent at ${id}`));
    expect(view.read(1, entries, words({}), true, 1_000).hints).toHaveLength(50);
    const known = words(Object.fromEntries(range(50).map((id) => [`another ${id}`, { early: 1 }])));
    expect(view.read(1, entries, known, true, 1_000_000).hints).toEqual([]);
  });
});

describe('an entry that looks pending', () => {
  const PROVEN = words({ executed: { pending: 5 } });

  it('counts as an observation once its word and the list are believed', () => {
    const view = newView();
    view.renew([fax(1)], true);
    const read = (known: typeof PROVEN, trusted: boolean): string[] =>
      ids(view.read(1, [entry(1, 'executed')], known, trusted, 1_000).pending);
    expect(read(words({}), true)).toEqual([]);
    expect(read(PROVEN, false)).toEqual([]);
    expect(read(PROVEN, true)).toEqual(['1']);
  });

  it('speaks for a fax only so long without a poll of the fax itself', () => {
    const view = newView();
    let pendingAt = 0;
    let coveredUntil = 0;
    for (let now = 10_000; now <= 2 * COVERED_MS; now += 10_000) {
      view.renew([fax(1, pendingAt)], true);
      const [covered] = view.read(1, [entry(1, 'executed')], PROVEN, true, now).pending;
      if (!covered) continue;
      pendingAt = covered.pendingAt; // as Redis has it then
      coveredUntil = now;
    }
    expect(coveredUntil).toBe(COVERED_MS - 10_000);
    view.renew([fax(1, 2 * COVERED_MS)], true); // polled
    expect(view.read(1, [entry(1, 'executed')], PROVEN, true, 2 * COVERED_MS + 1).pending).toHaveLength(1);
  });

  it('proves its word when a later poll finds the fax pending', () => {
    const view = newView();
    view.renew([fax(1)], true);
    view.read(1, [entry(1, 'in flight')], words({ 'in flight': { early: 4 } }), true, 1_000);
    view.renew([fax(1, 2_000)], true);
    const { evidence } = view.read(1, [], words({}), true, 3_000);
    expect(evidence).toEqual(new Map([['in flight', { pending: 1, stale: 0 }]]));
  });

  it('speaks against its word where the fax is finished, once', () => {
    const view = newView();
    view.renew([fax(1)], true);
    view.renew([], true);
    const read = () => view.read(1, [entry(1, 'executed')], words({}), true, 3_000).evidence;
    expect(read()).toEqual(new Map([['executed', { pending: 0, stale: 1 }]]));
    expect(read()).toEqual(new Map());
  });
});

describe('a fax that the list did not show', () => {
  it('is one that was looked for, and left without a hint', () => {
    const view = newView();
    view.renew([fax(1), fax(2)], true);
    view.read(1, [entry(1, 'success'), entry(2, 'executed')], words({}), true, 1_000);
    expect(view.renew([fax(3)], true)).toEqual(['2']); // 1 was hinted
    expect(view.renew([], true)).toEqual([]); // 3 was never looked for
  });

  it('is none that newer ones have pushed out of those that are looked for', () => {
    const view = newView();
    const watched = (id: number): WatchedFax => ({ faxId: String(id), enqueuedAt: id, pendingAt: id });
    view.renew([watched(3), watched(2), watched(1)], false);
    view.read(
      1,
      range(3).map((id) => entry(id, 'executed')),
      words({}),
      true,
      1_000,
    );
    expect(view.renew([watched(5), watched(4), watched(3)], false)).toEqual([]);
    expect(view.read(1, [entry(1, 'executed')], words({}), true, 2_000).evidence).toEqual(new Map());
  });
});

it('a page is oldest first if its first date is before its last', () => {
  const dated = (createdAt: number | undefined): HistoryEntry => ({ faxId: '1', word: '', createdAt });
  expect(oldestFirst([dated(1), dated(2)])).toBe(true);
  expect(oldestFirst([dated(2), dated(undefined), dated(1)])).toBe(false);
  expect(oldestFirst([dated(1), dated(1)])).toBe(false);
  expect(oldestFirst([dated(undefined)])).toBe(false);
  expect(oldestFirst([])).toBe(false);
});
