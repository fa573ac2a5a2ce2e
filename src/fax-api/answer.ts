/**
 * One answer of the status API, not yet interpreted. `requestId` was sent as `x-request-id`; `latencyMs` covers the
 * whole request.
 */
export type Answer = AnswerContent & {
  readonly requestId: string;
  readonly latencyMs: number;
  readonly rate: RateHeaders;
};

/** The part of an answer on which its meaning depends. */
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
 * What the API said about its own limit; a header that was absent or unreadable is `undefined`. Times are in ms from
 * now.
 */
export type RateHeaders = {
  readonly retryAfterMs?: number;
  readonly remaining?: number;
  readonly resetMs?: number;
};
