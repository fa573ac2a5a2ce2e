import { parseProgress } from '../contract/progress.ts';
import { faxIdOf } from '../redis/fax-of-job.ts';

/** A job as Bull Board hands it to its formatters, as far as it is read here. */
export type BoardJob = {
  readonly name?: unknown;
  readonly data?: unknown;
  readonly progress?: unknown;
  readonly returnvalue?: unknown;
};

/** What a job is called on the board. Pure. @example 'fax 216 · failed (busy) · 7 polls' */
export function jobTitle({ name, data, progress, returnvalue }: BoardJob): string {
  const faxId = faxIdOf(data);
  if (faxId === undefined) return typeof name === 'string' ? name : '';
  const { polls } = parseProgress(progress);
  const { state, reason } = (returnvalue ?? {}) as { state?: unknown; reason?: unknown };
  const outcome =
    typeof state !== 'string'
      ? undefined
      : state === 'failed' && typeof reason === 'string'
        ? `${state} (${reason})`
        : state;
  const polled = polls === 0 ? 'not polled yet' : polls === 1 ? '1 poll' : `${polls} polls`;
  return [`fax ${faxId}`, outcome?.replaceAll('_', ' '), polled].filter((part) => part !== undefined).join(' · ');
}
