/** How an account is doing, and what that means, the most important first. */
export const ACCOUNT_STATES = {
  unreadable: 'Redis refuses to read its keys: has something else written to them?',
  not_in_file: 'not in ACCOUNTS_FILE: not polled; its jobs and results stay',
  paused: 'somebody paused the queue',
  key_refused: 'the API refuses the key (401)',
  rate_limited: 'the API refuses requests, as there are too many (403, 429)',
  api_down: 'most requests fail',
  no_worker: 'has faxes in flight, and no worker polls them',
  awake: 'has faxes in flight',
  asleep: 'has none',
} as const;

export type AccountState = keyof typeof ACCOUNT_STATES;

/** What is known of an account that can be read. */
export type AccountSigns = {
  /** Whether it is in the file; true if there is none. */
  readonly served: boolean;
  readonly paused: boolean;
  /** Why its brake is on; empty if it is off. */
  readonly brake: string;
  readonly inFlight: number;
  /** Whether a worker was alive in the last seconds. */
  readonly polled: boolean;
};

export function accountState({ served, paused, brake, inFlight, polled }: AccountSigns): AccountState {
  if (!served) return 'not_in_file';
  if (paused) return 'paused';
  if (inFlight > 0 && !polled) return 'no_worker';
  if (brake === 'unauthorized') return 'key_refused';
  if (brake === 'rate_limited' || brake === 'api_down') return brake;
  return inFlight > 0 ? 'awake' : 'asleep';
}
