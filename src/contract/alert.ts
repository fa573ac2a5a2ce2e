import type { CloudEvent } from './event.ts';

/** What operators should know, published on `<KEY_PREFIX>alerts`. */
export type AlertKind =
  'unauthorized' | 'rate_limited' | 'unrecognised_message' | 'low_balance' | 'api_down' | 'history_unusable';

export type AlertEvent = CloudEvent<`fax.alert.${AlertKind}` | `fax.alert.${AlertKind}.resolved`, AlertData>;

export type AlertData = {
  /** What happened and what to do, in one sentence. */
  readonly message: string;
  /** `unrecognised_message` only: the wording as the API gave it, on one line. */
  readonly wording?: string;
  /** `low_balance` only. */
  readonly userCashBalance?: number;
};
