import { answerAt, stateIn, type Fate, type FaxState, type SimulatedAnswer } from './fate.ts';
import { NOT_FOUND, UNAUTHORIZED } from './refusals.ts';

/** What the list of faxes answers, and what each kind does. */
export const HISTORIES = {
  ok: 'as documented, newest first',
  'oldest-first': 'sorted the other way',
  'finished-only': 'unfinished faxes are not listed',
  words: 'other words: Delivered, Undelivered, In flight',
  'text-ids': 'ids as text',
  lies: 'unfinished faxes are listed as sent',
  strangers: 'ids that nobody knows',
  slow: 'a minute late',
  unauthorized: '401',
  forbidden: '403',
  missing: '404',
  error: '500',
  html: 'a web page',
  shape: 'JSON of another shape',
} as const;
export type HistoryKind = keyof typeof HISTORIES;
export const HISTORY_KINDS = Object.keys(HISTORIES) as HistoryKind[];

/** A fax that may be listed. `ordinal` counts the faxes from 1; `sentAt` is in ms since 1970. */
export type ListedFax = {
  readonly faxId: string;
  readonly ordinal: number;
  readonly fate: Fate;
  readonly sentAt: number;
};

/** Which part of the list: pages count from 1. */
export type Page = { readonly page: number; readonly limit: number };

const SLOW_MS = 60_000;
const FIRST_STRANGER = 9_000_000_000;
const OTHER_WORDS = { success: 'Delivered', failed: 'Undelivered', executed: 'In flight' } as const;

const FAULTS: Partial<Record<HistoryKind, SimulatedAnswer>> = {
  unauthorized: UNAUTHORIZED,
  forbidden: { code: 403, body: { status: 'failed', message: 'Forbidden' } },
  missing: NOT_FOUND,
  error: { code: 500, body: { status: 'failed', message: 'Internal server error' } },
  html: { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Log in</title><p>Please log in.</p>' },
  shape: { body: { status: 'success', data: { items: [], total: 0 } } },
};

/** The page that a request asks for, of at most `cap` entries. What is missing or no number counts as the default. */
export function pageOf(parameters: URLSearchParams, cap: number): Page {
  const natural = (name: string): number | undefined => {
    const text = parameters.get(name) ?? '';
    return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
  };
  return { page: natural('page') ?? 1, limit: Math.min(natural('limit') ?? cap, cap) };
}

/**
 * The answer to a request of the list.
 *
 * @param faxes in the order in which they were sent
 * @param at when the list is asked for, ms since 1970
 */
export function historyAnswer(
  kind: HistoryKind,
  faxes: Iterable<ListedFax>,
  { page, limit }: Page,
  at: number,
): SimulatedAnswer {
  const fault = FAULTS[kind];
  if (fault) return fault;
  const ordered = kind === 'oldest-first' ? faxes : Array.from(faxes).reverse();
  const history: object[] = [];
  let skip = (page - 1) * limit;
  for (const fax of ordered) {
    if (history.length === limit) break;
    const state = stateIn(answerAt(fax.fate, at - fax.sentAt));
    if (state === undefined || (kind === 'finished-only' && state === 'executed')) continue;
    if (skip > 0) skip -= 1;
    else history.push(entryOf(kind, fax, state));
  }
  return { body: { status: 'success', history }, ...(kind === 'slow' && { delayMs: SLOW_MS }) };
}

function entryOf(kind: HistoryKind, { faxId, ordinal, sentAt }: ListedFax, state: FaxState): object {
  const date = new Date(sentAt).toISOString().replace('T', ' ').replace('Z', '000');
  return {
    id: idOf(kind, faxId, ordinal),
    created: { date, timezone_type: 3, timezone: 'UTC' },
    document_id: 112_600 + ordinal,
    document: `FAX${11_919 + ordinal}.pdf`,
    recipient: String(441_224_459_291 + ordinal),
    status: statusOf(kind, state),
  };
}

function idOf(kind: HistoryKind, faxId: string, ordinal: number): number | string {
  if (kind === 'strangers') return FIRST_STRANGER + ordinal;
  const isNumber = String(Number(faxId)) === faxId && Number.isSafeInteger(Number(faxId));
  return isNumber && kind !== 'text-ids' ? Number(faxId) : faxId;
}

function statusOf(kind: HistoryKind, state: FaxState): string {
  if (kind === 'words') return OTHER_WORDS[state];
  return kind === 'lies' && state === 'executed' ? 'success' : state;
}
