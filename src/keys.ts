/** The names of all that this service keeps in Redis beside BullMQ's own keys. One place, so that nothing collides. */
export type Keys = Readonly<{
  status(faxId: string): string;
  /** Which job polls this fax: text, the job's id, with an expiry. */
  lease(faxId: string): string;
  /** Faxes in flight: sorted set, member the fax id, score when it was enqueued (ms since 1970). */
  inFlight: string;
  events: string;
  completed: string;
  alerts: string;
  brake: string;
  pace: string;
  /** Completion model: hash, see learn.lua. Versions before 3 have theirs, with other bins, at `model`. */
  model: string;
  wordings: string;
  lowBalance: string;
}>;

/** @param prefix the setting `KEY_PREFIX`; on a cluster it holds a hash tag, so that all keys share a slot */
export function keysOf(prefix: string): Keys {
  return {
    status: (faxId) => `${prefix}status:${faxId}`,
    lease: (faxId) => `${prefix}lease:${faxId}`,
    inFlight: `${prefix}inflight`,
    events: `${prefix}events`,
    completed: `${prefix}completed`,
    alerts: `${prefix}alerts`,
    brake: `${prefix}brake`,
    pace: `${prefix}pace`,
    model: `${prefix}life-table`,
    wordings: `${prefix}wordings`,
    lowBalance: `${prefix}low-balance`,
  };
}
