import { describe, expect, it } from '@jest/globals';
import { fateOf, type FateName } from '../../src/simulator/fate.ts';
import { historyAnswer, pageOf, type HistoryKind, type ListedFax, type Page } from '../../src/simulator/history.ts';

const SENT_AT = Date.UTC(2017, 2, 9, 15, 35, 28, 120);
const fax = (faxId: string, ordinal: number, fate: FateName = 'sent', finishMs = 0): ListedFax => ({
  faxId,
  ordinal,
  fate: fateOf(fate, finishMs),
  sentAt: SENT_AT,
});
const FAXES = [
  fax('200', 1),
  fax('busy-17', 2, 'busy'),
  fax('gone', 3, 'not-found'),
  fax('202', 4, 'sent', 1_000),
  fax('007', 5, 'pending'),
];

type Entry = { id: number | string; status: string };
const ALL: Page = { page: 1, limit: 100 };
const listed = (kind: HistoryKind, page = ALL, ageMs = 0): Entry[] =>
  (historyAnswer(kind, FAXES, page, SENT_AT + ageMs).body as { history: Entry[] }).history;
const pairs = (entries: readonly Entry[]) => entries.map(({ id, status }) => [id, status]);

describe('the list', () => {
  it('has the documented shape', () => {
    expect(historyAnswer('ok', [fax('92334', 1)], ALL, SENT_AT)).toEqual({
      body: {
        status: 'success',
        history: [
          {
            id: 92334,
            created: { date: '2017-03-09 15:35:28.120000', timezone_type: 3, timezone: 'UTC' },
            document_id: 112601,
            document: 'FAX11920.pdf',
            recipient: '441224459292',
            status: 'success',
          },
        ],
      },
    });
  });

  it('has the newest first, with numbers as numbers, without faxes that the API does not have', () => {
    expect(pairs(listed('ok'))).toEqual([
      ['007', 'executed'],
      [202, 'executed'],
      ['busy-17', 'failed'],
      [200, 'success'],
    ]);
  });

  it('shows a fax as final from the moment when it is', () => {
    expect([999, 1_000].map((age) => listed('ok', ALL, age)[1]?.status)).toEqual(['executed', 'success']);
  });

  it('comes in pages, the last of them short, and then empty', () => {
    const ids = [1, 2, 3].map((page) => listed('ok', { page, limit: 3 }).map(({ id }) => id));
    expect(ids).toEqual([['007', 202, 'busy-17'], [200], []]);
  });

  it('leaves no number out that is too long to be one', () => {
    const long = '90071992547409930';
    const { history } = historyAnswer('ok', [fax(long, 1)], ALL, SENT_AT).body as { history: Entry[] };
    expect(history[0]?.id).toBe(long);
  });
});

it.each<[HistoryKind, [number | string, string][]]>([
  [
    'oldest-first',
    [
      [200, 'success'],
      ['busy-17', 'failed'],
      [202, 'executed'],
      ['007', 'executed'],
    ],
  ],
  [
    'finished-only',
    [
      ['busy-17', 'failed'],
      [200, 'success'],
    ],
  ],
  [
    'words',
    [
      ['007', 'In flight'],
      [202, 'In flight'],
      ['busy-17', 'Undelivered'],
      [200, 'Delivered'],
    ],
  ],
  [
    'lies',
    [
      ['007', 'success'],
      [202, 'success'],
      ['busy-17', 'failed'],
      [200, 'success'],
    ],
  ],
  [
    'text-ids',
    [
      ['007', 'executed'],
      ['202', 'executed'],
      ['busy-17', 'failed'],
      ['200', 'success'],
    ],
  ],
])('the list that is %s', (kind, expected) => {
  expect(pairs(listed(kind))).toEqual(expected);
});

it('strangers are as many as the faxes, all different, and none of them is one', () => {
  const ids = new Set(listed('strangers').map(({ id }) => String(id)));
  expect(ids.size).toBe(4);
  expect(FAXES.filter(({ faxId }) => ids.has(faxId))).toEqual([]);
});

it('a slow list is as documented, a minute late', () => {
  const { body } = historyAnswer('ok', FAXES, ALL, SENT_AT);
  expect(historyAnswer('slow', FAXES, ALL, SENT_AT)).toEqual({ body, delayMs: 60_000 });
});

it.each<[HistoryKind, number]>([
  ['unauthorized', 401],
  ['forbidden', 403],
  ['missing', 404],
  ['error', 500],
  ['html', 200],
  ['shape', 200],
])('the list that is %s: code %d, and no list', (kind, code) => {
  const answer = historyAnswer(kind, FAXES, ALL, SENT_AT);
  expect(answer.code ?? 200).toBe(code);
  expect(answer.body).not.toHaveProperty('history');
});

it.each<[string, Page]>([
  ['', { page: 1, limit: 100 }],
  ['limit=25&page=3', { page: 3, limit: 25 }],
  ['limit=5000', { page: 1, limit: 100 }],
  ['limit=0&page=0', { page: 1, limit: 100 }],
  ['limit=-1&page=1e3', { page: 1, limit: 100 }],
])('a request with "%s" asks for %j of a list that has at most 100 on a page', (query, page) => {
  expect(pageOf(new URLSearchParams(query), 100)).toEqual(page);
});
