import { stateIn, type SimulatedAnswer } from './fate.ts';

/** The documented codes of a callback, and their messages. */
const MESSAGES = {
  ok: 'Success! Your fax has been sent!',
  unknown: 'Fax Failed - Unknown Error',
  no_answer: 'Fax Failed - No Answer from Fax machine',
  busy: 'Fax Failed - Line Busy',
  file_error: 'Fax Failed - File conversion failed. Re-upload and Retry',
  hangup: 'Fax Failed - Early Hangup',
} as const;

const FAILURES: readonly (readonly [RegExp, keyof typeof MESSAGES])[] = [
  [/no answer/i, 'no_answer'],
  [/busy/i, 'busy'],
  [/file conversion/i, 'file_error'],
  [/hangup/i, 'hangup'],
];

/** The form that a callback posts for a fax that ended with an answer. */
export function callbackForm(faxId: string, answer: SimulatedAnswer): URLSearchParams {
  const status = stateIn(answer) === 'success' ? 'success' : 'failed';
  const said = String((answer.body as { message?: unknown } | undefined)?.message);
  const code = status === 'success' ? 'ok' : (FAILURES.find(([words]) => words.test(said))?.[1] ?? 'unknown');
  return new URLSearchParams({ fax_job_id: faxId, status, msg_code: code, message: MESSAGES[code] });
}
