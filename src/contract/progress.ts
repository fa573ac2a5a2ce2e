import { z } from 'zod';

/**
 * What a job carries from one poll to the next, as its BullMQ progress: the dashboard shows it.
 * Times are ISO 8601, UTC.
 */
export type FaxProgress = {
  readonly polls: number;
  /** Server faults in a row, the last poll included, and refusals that were of this fax alone. */
  readonly faults: number;
  readonly apiStatus: string;
  readonly lastMessage: string;
  readonly lastPollAt: string | null;
  /** The last poll whose answer said that the fax was not final. */
  readonly lastPendingAt: string | null;
  /** Null for a fax that competes for the next slots: it is polled when its poll is worth most. */
  readonly nextPollAt: string | null;
  /** When a worker first had the job, unless its `timestamp`, which is the producer's clock, says the same. */
  readonly claimedAt: string | null;
  /** When the fax was last refused (401, 403, 429), if it has had no other answer since. */
  readonly refusedAt: string | null;
  /** Whether that refusal was of this fax alone. */
  readonly refusedAlone: boolean;
  /**
   * Whether it waits only for the least interval, as slots were left over; otherwise it is polled when it is chosen.
   */
  readonly leftOver: boolean;
};

const Progress = z
  .object({
    polls: z.int().nonnegative().catch(0),
    faults: z.int().nonnegative().default(0).catch(0),
    apiStatus: z.string().catch(''),
    lastMessage: z.string().catch(''),
    lastPollAt: z.iso.datetime().nullable().catch(null),
    lastPendingAt: z.iso.datetime().nullish().catch(null),
    nextPollAt: z.iso.datetime().nullable().default(null).catch(null),
    claimedAt: z.iso.datetime().nullable().default(null).catch(null),
    refusedAt: z.iso.datetime().nullable().default(null).catch(null),
    refusedAlone: z.boolean().default(false).catch(false),
    leftOver: z.boolean().default(false).catch(false),
  })
  .transform(({ lastPendingAt, ...progress }): FaxProgress => ({
    ...progress,
    lastPendingAt: lastPendingAt === undefined ? progress.lastPollAt : lastPendingAt,
  }));

export const NOT_POLLED: FaxProgress = Progress.parse({});

/** Reads a job's progress back; whatever is missing or was written by something else counts as not polled yet. */
export function parseProgress(progress: unknown): FaxProgress {
  const parsed = Progress.safeParse(progress);
  return parsed.success ? parsed.data : NOT_POLLED;
}

/** Progress as it is stored: what follows from the rest is left out, as a million faxes may be in flight. */
export function keptProgress({
  faults,
  lastPendingAt,
  nextPollAt,
  claimedAt,
  refusedAt,
  refusedAlone,
  leftOver,
  ...progress
}: FaxProgress): object {
  return {
    ...progress,
    ...(faults > 0 && { faults }),
    ...(lastPendingAt !== progress.lastPollAt && { lastPendingAt }),
    ...(nextPollAt !== null && { nextPollAt }),
    ...(claimedAt !== null && { claimedAt }),
    ...(refusedAt !== null && { refusedAt }),
    ...(refusedAlone && { refusedAlone }),
    ...(leftOver && { leftOver }),
  };
}
