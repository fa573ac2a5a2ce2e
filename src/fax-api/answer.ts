/**
 * One answer of the status API, before it is given a meaning (contract §2). `requestId` went along as `x-request-id`;
 * `latencyMs` is that of the whole request.
 */
export type Answer = AnswerContent & {
  readonly requestId: string;
  readonly latencyMs: number;
  readonly rate: RateHeaders;
};

/** What an answer tells: all that its meaning depends on. */
export type AnswerContent =
  | {
      readonly kind: 'status';
      readonly apiStatus: string;
      readonly message: string;
      readonly userCashBalance: number | null;
    }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'rate_limited' }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'fault'; readonly fault: Fault };

/** Why an answer counts as a server fault. Fixed words, safe for logs, metrics and the dashboard. */
export type Fault =
  `http_${number}` | 'redirect' | 'timeout' | 'connection' | 'tls' | 'dns' | 'not_json' | 'wrong_shape' | 'too_large';

/**
 * What the API said of its own limit; a header that was absent or unreadable is `undefined`. Times are in ms from now.
 */
export type RateHeaders = {
  readonly retryAfterMs?: number;
  readonly remaining?: number;
  readonly resetMs?: number;
};
