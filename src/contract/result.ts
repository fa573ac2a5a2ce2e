/** Why a fax failed: the outcome words of Fax.to's webhook table. */
export const FAILURE_REASONS = ['no_answer', 'busy', 'file_error', 'hangup', 'unknown'] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** How a fax ended: sent, failed, unknown to Fax.to, or not final before its deadline. */
export type Outcome =
  | { readonly state: 'sent'; readonly reason: 'ok' }
  | { readonly state: 'failed'; readonly reason: FailureReason }
  | { readonly state: 'not_found'; readonly reason: 'not_found' }
  | { readonly state: 'expired'; readonly reason: 'deadline_exceeded' };

export type JsonObject = { readonly [key: string]: unknown };

/** The final result of one fax: the hash at `<KEY_PREFIX>status:<faxJobId>`, and the `data` of its event. */
export type FaxResult = Outcome & {
  /** A number where the id is a whole number in its plain form (200 and "200" are the same fax), else text. */
  readonly faxJobId: number | string;
  /** The API's last `status` and `message`; empty if it never gave one. */
  readonly apiStatus: string;
  readonly message: string;
  readonly userCashBalance: number | null;
  /** Requests made for this fax. */
  readonly polls: number;
  /** ISO 8601, UTC. */
  readonly enqueuedAt: string;
  readonly completedAt: string;
  /** What the producer sent with the job; an empty object if nothing. */
  readonly metadata: JsonObject;
};

/** The public form of an id: a number where its text is one, else the text. */
export function publicId(faxId: string): number | string {
  const number = Number(faxId);
  return Number.isSafeInteger(number) && number > 0 && String(number) === faxId ? number : faxId;
}

/** The fields of the result's hash. An unknown balance is empty text, as Redis knows only strings. */
export function toHash(result: FaxResult): Record<string, string> {
  return {
    faxJobId: String(result.faxJobId),
    state: result.state,
    reason: result.reason,
    apiStatus: result.apiStatus,
    message: result.message,
    userCashBalance: result.userCashBalance === null ? '' : String(result.userCashBalance),
    polls: String(result.polls),
    enqueuedAt: result.enqueuedAt,
    completedAt: result.completedAt,
    metadata: JSON.stringify(result.metadata),
  };
}

/** Reads a result back from its hash, equal to the one stored. */
export function fromHash(hash: Record<string, string>): FaxResult {
  const text = (field: string): string => hash[field] ?? '';
  return {
    faxJobId: publicId(text('faxJobId')),
    ...({ state: text('state'), reason: text('reason') } as Outcome),
    apiStatus: text('apiStatus'),
    message: text('message'),
    userCashBalance: text('userCashBalance') === '' ? null : Number(text('userCashBalance')),
    polls: Number(text('polls')),
    enqueuedAt: text('enqueuedAt'),
    completedAt: text('completedAt'),
    metadata: JSON.parse(text('metadata') || '{}') as JsonObject,
  };
}
