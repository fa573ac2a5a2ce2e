import type { Fault } from '../fax-api/answer.ts';
import type { Verdict } from '../fax-api/classify.ts';
import { FAILURE_REASONS, type Outcome } from '../contract/result.ts';

// All values that a counter's labels can have, where they are a closed set. Each is typed as a record, so that a value
// which is added to its union and forgotten here does not compile.

const namesOf = <Name extends string>(names: Readonly<Record<Name, true>>): Name[] => Object.keys(names) as Name[];

export const POLL_OUTCOMES = namesOf<Verdict['kind']>({
  sent: true,
  failed: true,
  pending: true,
  unrecognised: true,
  unauthorized: true,
  rate_limited: true,
  not_found: true,
  fault: true,
});

/** All but the status codes, which are an open set. */
export const NAMED_FAULTS = namesOf<Exclude<Fault, `http_${number}`>>({
  redirect: true,
  timeout: true,
  connection: true,
  tls: true,
  dns: true,
  not_json: true,
  wrong_shape: true,
  too_large: true,
});

export const REFUSALS = namesOf<Extract<Verdict['kind'], 'unauthorized' | 'rate_limited'>>({
  unauthorized: true,
  rate_limited: true,
});

export const FAX_OUTCOMES: readonly Outcome[] = [
  { state: 'sent', reason: 'ok' },
  ...FAILURE_REASONS.map((reason) => ({ state: 'failed', reason }) as const),
  { state: 'not_found', reason: 'not_found' },
  { state: 'expired', reason: 'deadline_exceeded' },
];
