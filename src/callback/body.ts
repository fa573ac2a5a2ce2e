import { z } from 'zod';
import { FaxId } from '../contract/fax-job.ts';

const Body = z.object({ fax_job_id: FaxId });

/** The fields of a form as text. Of a field that is there twice, the last one counts. */
export const formFields = (form: string): object => Object.fromEntries(new URLSearchParams(form));

/**
 * The fax that a callback is about; undefined if it names none. What else Fax.to sends (`status`, `msg_code`,
 * `message`) is not looked at: only the status endpoint says what became of a fax.
 */
export function faxIdIn(body: unknown): string | undefined {
  return Body.safeParse(body).data?.fax_job_id;
}
