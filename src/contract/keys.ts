/** The names of all keys that this service has in Redis besides BullMQ's own. In one place, so that none collide. */
export type Keys = Readonly<{
  status(faxId: string): string;
  /** Which job polls this fax: text, the job's id, with an expiry. */
  lease(faxId: string): string;
  /** Faxes in flight: sorted set, member the fax id, score when it was enqueued (ms since 1970). */
  inFlight: string;
  /** Faxes that a slot may be spent on: sorted set, see in-flight-heads.lua. */
  candidates: string;
  /** Faxes chosen whose jobs wait for a slot: sorted set, score when they were chosen (ms since 1970). */
  chosen: string;
  events: string;
  completed: string;
  alerts: string;
  brake: string;
  pace: string;
  /** When the pace was halved after a refusal: sorted set, member and score ms since 1970. */
  refusals: string;
  /** What each worker alive allows: hash, worker to its ceiling and when it was last seen. */
  ceilings: string;
  /** When each worker last sent a request that was answered: sorted set, member the worker, score ms since 1970. */
  answered: string;
  /** The faxes of the 404s since the last other answer: list, the newest first. */
  notFoundStreak: string;
  /** Whether faxes are refused alone lately: hash, with an expiry; see lone-refusals.ts. */
  loneRefusals: string;
  /** How many jobs stand by for the one that polls a fax: a count, with an expiry. */
  standBys(faxId: string): string;
  /** Completion model: hash, see model-learn.lua. The key `model` is that of versions with other bins. */
  model: string;
  /** Faxes in flight that are to be polled next: sorted set, score before which they may not be, ms since 1970. */
  hinted: string;
  /** The hints that they have: hash, fax id to `<source> <polls left> <word>`. */
  hints: string;
  /** A hint of a fax that is not in flight: text as in `hints`, with an expiry. */
  keptHint(faxId: string): string;
  /** Which worker sweeps the list of faxes: text, with an expiry. */
  sweeper: string;
  /** What the next request of that list is worth, ms of lag: text, with an expiry. */
  sweepWorth: string;
  /** What was learned of that list: hash, see history-record.ts. */
  history: string;
  /** What the poll chosen last was worth, ms of lag: text, with an expiry; 0 while slots are left over. */
  slotWorth: string;
  /** Finished faxes and requests of ten minutes, counted by minute: hash, see polling/counts.ts, with an expiry. */
  counts(tenMinutes: number): string;
  wordings: string;
  lowBalance: string;
  /** Written from time to time, to see whether Redis accepts writes. */
  writable: string;
}>;

/**
 * What one bin of age takes in the score of a candidate (`keys.candidates`), above any time in ms since 1970, and so
 * small that all scores are whole numbers of a double.
 */
export const BIN_SPAN = 1e13;

/** @param prefix the setting `KEY_PREFIX`; on a cluster it holds a hash tag, so that all keys share a slot */
export function keysOf(prefix: string): Keys {
  return {
    status: (faxId) => `${prefix}status:${faxId}`,
    lease: (faxId) => `${prefix}lease:${faxId}`,
    inFlight: `${prefix}inflight`,
    candidates: `${prefix}candidates`,
    chosen: `${prefix}chosen`,
    events: `${prefix}events`,
    completed: `${prefix}completed`,
    alerts: `${prefix}alerts`,
    brake: `${prefix}brake`,
    pace: `${prefix}pace`,
    refusals: `${prefix}refusals`,
    ceilings: `${prefix}ceilings`,
    answered: `${prefix}answered`,
    notFoundStreak: `${prefix}not-found-streak`,
    loneRefusals: `${prefix}lone-refusals`,
    standBys: (faxId) => `${prefix}stand-bys:${faxId}`,
    model: `${prefix}life-table`,
    hinted: `${prefix}hinted`,
    hints: `${prefix}hints`,
    keptHint: (faxId) => `${prefix}hint:${faxId}`,
    sweeper: `${prefix}sweeper`,
    sweepWorth: `${prefix}sweep-worth`,
    history: `${prefix}history`,
    slotWorth: `${prefix}slot-worth`,
    counts: (tenMinutes) => `${prefix}finished:${tenMinutes}`,
    wordings: `${prefix}wordings`,
    lowBalance: `${prefix}low-balance`,
    writable: `${prefix}writable`,
  };
}
