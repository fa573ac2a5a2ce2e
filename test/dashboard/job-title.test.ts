import { expect, it } from '@jest/globals';
import { jobTitle } from '../../src/dashboard/job-title.ts';

it.each([
  [
    { data: { faxJobId: 216 }, progress: { polls: 7 }, returnvalue: { state: 'failed', reason: 'busy' } },
    'fax 216 · failed (busy) · 7 polls',
  ],
  [
    { data: { faxJobId: 'a' }, progress: { polls: 1 }, returnvalue: { state: 'sent', reason: 'ok' } },
    'fax a · sent · 1 poll',
  ],
  [
    { data: { faxJobId: 1 }, progress: { polls: 2 }, returnvalue: { state: 'not_found' } },
    'fax 1 · not found · 2 polls',
  ],
  [{ data: { faxJobId: 1 }, progress: 0, returnvalue: null }, 'fax 1 · not polled yet'],
  [{ name: 'other', data: { no: 'fax' } }, 'other'],
])('a job is called after its fax and how it ended', (job, title) => {
  expect(jobTitle(job)).toBe(title);
});
