import { describe, expect, it } from '@jest/globals';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import type { HistoryEntry } from '../../src/fax-api/history-answer.ts';
import { HistoryView, oldestFirst } from '../../src/hints/history-view.ts';
import type { WatchedFax } from '../../src/hints/page-map.ts';
import { NO_RECORD, type WordRecord } from '../../src/hints/words.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const AGAIN_MS = 60_000;
const COVERED_MS = 900_000;

const view = (): HistoryView =>
  new HistoryView({ rules: loadRules(null), pageSize: 100, hintAgainMs: AGAIN_MS, coveredMs: COVERED_MS });
const fax = (faxId: string, pendingAt = NOW - 1_000): WatchedFax => ({ faxId, enqueuedAt: NOW - 90_000, pendingAt });
const entry = (faxId: string, word: string): HistoryEntry => ({ faxId, word, createdAt: undefined });
const words = (known: Record<string, Partial<WordRecord>> = {}): Map<string, WordRecord> =>
  new Map(Object.entries(known).map(([word, record]) => [word, { ...NO_RECORD, ...record }]));
const PROVEN = words({ success: { confirmed: 9 }, executed: { pending: 5 } });

describe('a page of the list', () => {
  it('hints at faxes in flight that look final, and at no others', () => {
    const seen = view();
    seen.renew([fax('1'), fax('2'), fax('3')]);
    const entries = [entry('1', 'success'), entry('2', 'executed'), entry('3', 'failed'), entry('4', 'success')];
    expect(seen.read(1, entries, PROVEN, true, NOW).hints).toEqual([
      { faxId: '1', hint: { source: 'history', pollsLeft: 3, word: 'success' } },
      { faxId: '3', hint: { source: 'history', pollsLeft: 3, word: 'failed' } },
    ]);
  });

  it('of a list that has not proved right hints at three faxes at most at once', () => {
    const seen = view();
    const ids = ['1', '2', '3', '4', '5'];
    seen.renew(ids.map((id) => fax(id)));
    const entries = ids.map((id) => entry(id, 'success'));
    expect(seen.read(1, entries, words(), false, NOW).hints).toHaveLength(3);
    expect(seen.read(1, entries, words(), false, NOW + 1_000).hints).toEqual([]);
    expect(seen.read(1, entries, words(), false, NOW + AGAIN_MS + 1).hints).toHaveLength(3);
  });

  it('hints at the same fax again only after a while, which doubles', () => {
    const seen = view();
    seen.renew([fax('1')]);
    const hintsAt = (ms: number): number => seen.read(1, [entry('1', 'success')], PROVEN, true, NOW + ms).hints.length;
    expect([0, 1, AGAIN_MS - 1, AGAIN_MS, 2 * AGAIN_MS, 3 * AGAIN_MS - 1, 3 * AGAIN_MS].map(hintsAt)).toEqual([
      1, 0, 0, 1, 0, 0, 1,
    ]);
  });

  it('speaks for a fax that it has as pending, once trusted, but not for ever without a poll of its own', () => {
    const seen = view();
    const listed = [entry('1', 'executed')];
    seen.renew([fax('1')]);
    expect(seen.read(1, listed, PROVEN, false, NOW).pending).toEqual([]);
    expect(seen.read(1, listed, words({ executed: { pending: 2 } }), true, NOW).pending).toEqual([]);
    let now = NOW;
    let pending = seen.read(1, listed, PROVEN, true, now).pending;
    expect(pending).toEqual([{ ...fax('1'), pendingAt: NOW }]);
    while (pending[0] && now < NOW + 2 * COVERED_MS) {
      seen.renew(pending); // what the sweep has put into Redis
      now += 60_000;
      pending = seen.read(1, listed, PROVEN, true, now).pending;
    }
    expect(now - (NOW - 1_000)).toBeGreaterThanOrEqual(COVERED_MS);
    expect(now - (NOW - 1_000)).toBeLessThan(COVERED_MS + 60_000);
  });

  it('learns that a word stands for pending from the polls that agree, each of them once', () => {
    const seen = view();
    seen.renew([fax('1')]);
    const read = (ms: number) => seen.read(1, [entry('1', 'executed')], words(), false, NOW + ms).evidence;
    expect(read(0).size).toBe(0);
    seen.renew([fax('1', NOW + 500)]);
    expect(read(1_000).get('executed')).toEqual({ pending: 1, stale: 0 });
    seen.renew([fax('1', NOW + 500)]);
    expect(read(2_000).size).toBe(0);
  });

  it('learns that a word is stale from faxes that have finished, each of them once', () => {
    const seen = view();
    seen.renew([fax('1')]);
    seen.read(1, [entry('1', 'executed')], words(), false, NOW);
    seen.renew([]);
    const read = () => seen.read(1, [entry('1', 'executed')], words(), false, NOW + 1_000).evidence;
    expect(read().get('executed')).toEqual({ pending: 0, stale: 1 });
    expect(read().size).toBe(0);
  });

  it('counts faxes that finish without having been hinted at as missed, if they were looked for', () => {
    const seen = view();
    seen.renew([fax('hinted'), fax('missed')]);
    seen.read(1, [entry('hinted', 'success'), entry('missed', 'executed')], PROVEN, true, NOW);
    seen.renew([fax('new')]);
    expect(seen.missed).toBe(1);
    seen.renew([]);
    expect(seen.missed).toBe(1); // nobody has looked for the new one
  });

  it('knows only so many words, so that words with a date in each do not fill Redis', () => {
    const seen = view();
    const ids = Array.from({ length: 200 }, (_, i) => String(i));
    seen.renew(ids.map((id) => fax(id)));
    const { hints } = seen.read(
      1,
      ids.map((id) => entry(id, `delivered at ${id}`)),
      words(),
      true,
      NOW,
    );
    expect(new Set(hints.map(({ hint }) => hint.word)).size).toBeLessThanOrEqual(50);
  });
});

it('a list is sorted the other way if its first entry is older than its last', () => {
  const at = (createdAt: number | undefined): HistoryEntry => ({ ...entry('1', 'success'), createdAt });
  expect(oldestFirst([at(1), at(2)])).toBe(true);
  expect(oldestFirst([at(2), at(1)])).toBe(false);
  expect(oldestFirst([at(2), at(2)])).toBe(false);
  expect(oldestFirst([at(undefined), at(undefined)])).toBe(false);
  expect(oldestFirst([])).toBe(false);
});
