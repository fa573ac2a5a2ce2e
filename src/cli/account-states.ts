/** How an account is doing, and what that means, the most important first. */
export const ACCOUNT_STATES = {
  not_in_file: 'not in ACCOUNTS_FILE: not polled; its jobs and results stay',
  paused: 'somebody paused the queue',
  key_refused: 'the API refuses the key (401)',
  rate_limited: 'the API refuses requests for their number (403, 429)',
  api_down: 'most requests fail',
  awake: 'has faxes in flight',
  asleep: 'has none',
} as const;

export type AccountState = keyof typeof ACCOUNT_STATES;

/** @param brake why the account's brake is on; empty if it is off */
export function accountState(served: boolean, paused: boolean, brake: string, inFlight: number): AccountState {
  if (!served) return 'not_in_file';
  if (paused) return 'paused';
  if (brake === 'unauthorized') return 'key_refused';
  if (brake === 'rate_limited' || brake === 'api_down') return brake;
  return inFlight > 0 ? 'awake' : 'asleep';
}
