import { z } from 'zod';
import { codedError } from './coded-error.ts';
import type { JsonObject } from './result.ts';

const MAX_METADATA_BYTES = 4096;
const DAY_MS = 24 * 60 * 60_000;
// longer than any deadline; BullMQ reads a number that it does not understand as 1 or so
const MAX_BEHIND_MS = 366 * DAY_MS;
const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;
/** What a fax id is, in words for people. */
export const ID_FORM = 'a positive whole number, or 1 to 64 of A-Z a-z 0-9 _ -';
const ID_WANTED = `must be ${ID_FORM}`;

const isPlainObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What other languages send for no metadata: Python and Elixir null, PHP []. */
const absentIfEmpty = (value: unknown): unknown =>
  value === null || (Array.isArray(value) && value.length === 0) ? undefined : value;

/** The id as text, as used in URLs and keys. Everything downstream takes ids only from here. */
export const FaxId = z.union(
  [z.int(ID_WANTED).positive(ID_WANTED).transform(String), z.string().regex(ID_PATTERN, ID_WANTED)],
  ID_WANTED,
);

const FaxJob = z.strictObject({
  faxJobId: FaxId,
  metadata: z.preprocess(
    absentIfEmpty,
    z
      .custom<JsonObject>(isPlainObject, 'must be a JSON object')
      .refine((value) => jsonBytes(value) <= MAX_METADATA_BYTES, `must be at most ${MAX_METADATA_BYTES} bytes as JSON`)
      .optional(),
  ),
  deadlineMs: z
    .int('must be a positive whole number of ms')
    .positive('must be a positive whole number of ms')
    .optional(),
});

/** The data of a job in the queue, checked. */
export type FaxJob = { readonly faxId: string; readonly metadata: JsonObject; readonly deadlineMs: number | undefined };

/**
 * Checks what a producer put into the queue.
 *
 * @throws PayloadError that names each wrong field and shows no value of it, as a job's failure reason is shown on the
 *   dashboard
 */
export function parseFaxJob(data: unknown): FaxJob {
  const parsed = FaxJob.safeParse(data);
  if (!parsed.success) throw new PayloadError(parsed.error.issues.flatMap(problems));
  const { faxJobId, metadata = {}, deadlineMs } = parsed.data;
  return { faxId: faxJobId, metadata, deadlineMs };
}

/**
 * Checks when a job says it was enqueued, as all ages count from there: a producer can set BullMQ's `timestamp`.
 *
 * @param now ms since 1970
 * @throws PayloadError if no fax could be enqueued then
 */
export function checkTimestamp(timestamp: number, now: number): void {
  if (timestamp >= now - MAX_BEHIND_MS && timestamp <= Number.MAX_SAFE_INTEGER) return;
  throw new PayloadError(['opts.timestamp: must be ms since 1970, of the last year or later']);
}

/** The length of a value as JSON, bytes; Infinity if it is nested too deeply to be written. */
export function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return Infinity;
  }
}

/** A job whose data no worker can use. It fails at once, without a request to the API. */
export class PayloadError extends codedError('PayloadError', 'ERR_PAYLOAD') {
  constructor(problems: readonly string[]) {
    super(problems.join('; '));
  }
}

function problems(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, 5)
      .map((key) => `data.${key.slice(0, 64).replace(/[^\w.-]/g, '?')}: is not a field of a fax job`);
  }
  const field = ['data', ...issue.path].join('.');
  const noObject = issue.code === 'invalid_type' && issue.path.length === 0;
  return [`${field}: ${noObject ? 'must be an object with a faxJobId' : issue.message}`];
}
