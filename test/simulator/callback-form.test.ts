import { expect, it } from '@jest/globals';
import { callbackForm } from '../../src/simulator/callback-form.ts';
import { endOf, fateOf, type FateName } from '../../src/simulator/fate.ts';

it.each<[FateName, string, string]>([
  ['sent', 'success', 'ok'],
  ['odd', 'success', 'ok'],
  ['no-answer', 'failed', 'no_answer'],
  ['busy', 'failed', 'busy'],
  ['file-error', 'failed', 'file_error'],
  ['hangup', 'failed', 'hangup'],
  ['unknown', 'failed', 'unknown'],
])('the callback of a fax whose fate is %s: %s, %s', (name, status, msg_code) => {
  const form = callbackForm('7', endOf(fateOf(name, 0))?.answer ?? {});
  expect(Object.fromEntries(form)).toEqual({
    fax_job_id: '7',
    status,
    msg_code,
    message: expect.stringMatching(status === 'success' ? /^Success!/ : /^Fax Failed - /),
  });
});
