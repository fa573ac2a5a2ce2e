import type { Queue } from 'bullmq';
import { parseFaxJob, PayloadError } from '../contract/fax-job.ts';
import type { JsonObject } from '../contract/result.ts';
import { dedupId } from './fax-jobs.ts';

export type TrackOptions = {
  /** Echoed in result and event; at most 4 KiB as JSON. */
  readonly metadata?: JsonObject;
  /** This fax's own limit instead of the service's `POLL_DEADLINE_MS`, ms since it is enqueued. */
  readonly deadlineMs?: number;
};

/** A fax to be watched: its id alone, or with options. */
export type TrackedFax = number | string | ({ readonly faxJobId: number | string } & TrackOptions);

/** Called with a fax that cannot be watched, why, and its place in the source, from 0. */
export type OnRefused = (error: PayloadError, index: number, fax: TrackedFax) => void;

type BulkJob = Parameters<Queue['addBulk']>[0][number];

const BATCH = 1_000; // faxes enqueued in one round trip

/**
 * Turns faxes into jobs, in batches for `addBulk`. The source is read no further while a batch is being enqueued.
 *
 * @param onRefused without it, the first fax refused ends the batches, after those before it
 * @throws PayloadError of the first refused fax, if there is no `onRefused`
 */
export async function* inBatches(
  faxes: Iterable<TrackedFax> | AsyncIterable<TrackedFax>,
  onRefused?: OnRefused,
): AsyncGenerator<BulkJob[], void, undefined> {
  let index = -1;
  let batch: BulkJob[] = [];
  for await (const fax of faxes) {
    index += 1;
    try {
      batch.push(jobOf(fax));
    } catch (error) {
      if (!(error instanceof PayloadError)) throw error;
      if (!onRefused && batch.length > 0) yield batch;
      if (!onRefused) throw error;
      onRefused(error, index, fax);
    }
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** @throws PayloadError if the fax cannot be watched */
function jobOf(fax: TrackedFax): BulkJob {
  const data = typeof fax === 'object' ? fax : { faxJobId: fax };
  return { name: 'poll', data, opts: { deduplication: { id: dedupId(parseFaxJob(data).faxId) } } };
}
