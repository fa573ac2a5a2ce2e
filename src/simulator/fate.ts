/** One answer of the stand-in API. */
export type SimulatedAnswer = {
  /** HTTP status; 200 if left out. */
  readonly code?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body: JSON of an object, or text as it is. */
  readonly body?: object | string;
  /** Time before the answer begins, ms, beside the stand-in's own latency. */
  readonly delayMs?: number;
  /**
   * What goes wrong on the wire: nothing is ever answered, the connection is reset, or the body arrives at one byte per
   * second.
   */
  readonly wire?: 'hang' | 'reset' | 'trickle';
};

/** What becomes of one fax: answers to its first polls, one each; after that, the last answer whose time has come. */
export type Fate = {
  readonly first?: readonly SimulatedAnswer[];
  /** Ordered by `afterMs`, time since the fax was sent. The first holds from the start. */
  readonly then: readonly { readonly afterMs: number; readonly answer: SimulatedAnswer }[];
};

const success = (message: string): SimulatedAnswer => ({
  body: { status: 'success', message, user_cash_balance: 100.2 },
});
const failed = (message: string): SimulatedAnswer => ({
  body: { status: 'failed', message, user_cash_balance: 100.2 },
});
export const UNDER_WAY: SimulatedAnswer = {
  body: { status: 'executed', message: 'Fax is being sent', user_cash_balance: 100.2 },
};

const LAST_ANSWERS = {
  sent: success('Sent! Fax Has Been Answered.'),
  'no-answer': failed('Fax Failed: No Answer'),
  busy: failed('Fax Failed: Busy'),
  'file-error': failed('Fax Failed: File conversion error'),
  hangup: failed('Fax Failed: Hangup'),
  unknown: failed('Fax Failed: Line fault'),
} as const;

const OTHER_FATES = {
  'not-found': [{ afterMs: 0, answer: { code: 404, body: { status: 'failed', message: 'Resource not found' } } }],
  odd: [{ afterMs: 0, answer: success('Fax Was Passed To Carrier') }],
  pending: [{ afterMs: 0, answer: UNDER_WAY }],
} as const satisfies Record<string, Fate['then']>;

export type FateName = keyof typeof LAST_ANSWERS | keyof typeof OTHER_FATES;
export const FATE_NAMES = [...Object.keys(LAST_ANSWERS), ...Object.keys(OTHER_FATES)] as FateName[];

/** A fate by its name: under way until `finishMs` after the fax was sent, then final; or one that never ends. */
export function fateOf(name: FateName, finishMs: number): Fate {
  if (name in OTHER_FATES) return { then: OTHER_FATES[name as keyof typeof OTHER_FATES] };
  const last = { afterMs: finishMs, answer: LAST_ANSWERS[name as keyof typeof LAST_ANSWERS] };
  return { then: finishMs > 0 ? [{ afterMs: 0, answer: UNDER_WAY }, last] : [last] };
}

/** The answer that holds at an age (ms since the fax was sent), whatever its first polls were told. */
export function answerAt({ then }: Fate, ageMs: number): SimulatedAnswer {
  return then.findLast(({ afterMs }) => afterMs <= ageMs)?.answer ?? UNDER_WAY;
}

/** How a fax stands, in the API's own words. */
export type FaxState = 'success' | 'failed' | 'executed';

/** How a fax stands by the status of an answer; undefined if the API does not have the fax. */
export function stateIn({ code = 200, body }: SimulatedAnswer): FaxState | undefined {
  if (code === 404) return undefined;
  const status = code === 200 ? (body as { status?: unknown } | null | undefined)?.status : undefined;
  return status === 'success' || status === 'failed' ? status : 'executed';
}

/** What ends a fax: its first answer that says success or failed, and when. Undefined if it never ends. */
export function endOf({ then }: Fate): Fate['then'][number] | undefined {
  return then.find(({ answer }) => ['success', 'failed'].includes(stateIn(answer) ?? ''));
}

/**
 * The fate of a fax that nobody scripted. An id that begins with a fate's name has that fate (`busy-17`); any other is
 * sent, or fails one time in five, as its id says, so that the same id always meets the same fate.
 */
export function unscriptedFate(faxId: string, finishMs: number): Fate {
  const named = FATE_NAMES.find((name) => faxId === name || faxId.startsWith(`${name}-`));
  if (named) return fateOf(named, finishMs);
  const sum = Array.from(faxId).reduce((hash, char) => (hash * 31 + char.charCodeAt(0)) >>> 0, 7);
  const unlucky = ['no-answer', 'busy', 'file-error', 'hangup'] as const;
  return fateOf(
    sum % 5 === 0 ? (unlucky[(sum >>> 8) % unlucky.length] ?? 'busy') : 'sent',
    finishMs * (0.5 + (sum % 100) / 100),
  );
}
