import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AnswerContent } from '../../src/fax-api/answer.ts';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { classify } from '../../src/fax-api/classify.ts';

const rules = loadRules(null);
const status = (apiStatus: string, message: string): AnswerContent => ({
  kind: 'status',
  apiStatus,
  message,
  userCashBalance: null,
});

describe('classify', () => {
  it.each([
    ['success', 'Sent! Fax Has Been Answered.', { kind: 'sent' }],
    ['success', '  SENT  ', { kind: 'sent' }],
    ['success', 'sent fax to +44 1', { kind: 'sent' }],
    ['Success', 'Success! Your fax has been sent.', { kind: 'sent' }],
    ['success', 'Fax has been sent', { kind: 'sent' }],
    ['success', 'Fax has been answered by a machine', { kind: 'sent' }],
    ['success', 'FAX HAS BEEN DELIVERED', { kind: 'sent' }],
    ['success', 'Sent to queue', { kind: 'unrecognised' }],
    ['success', 'Sent for approval', { kind: 'unrecognised' }],
    ['success', 'Success.', { kind: 'unrecognised' }],
    ['success', 'Success: fax delivered', { kind: 'unrecognised' }],
    ['success', 'Fax has been sentenced', { kind: 'unrecognised' }],
    ['success', 'Sent! Fax Has Not Been Answered', { kind: 'unrecognised' }],
    ['success', 'Sent fax unsuccessfully', { kind: 'unrecognised' }],
    ['success', 'Fax has been sent. Failed to deliver', { kind: 'unrecognised' }],
    ['success', 'Fax has been sent to the queue', { kind: 'unrecognised' }],
    ['success', 'Fax has been delivered partially', { kind: 'unrecognised' }],
    ['success', 'Sent fax? No answer', { kind: 'unrecognised' }],
    ['success', 'Sent fax to Nottingham', { kind: 'sent' }],
    ['failed', 'Fax Failed: No Answer', { kind: 'failed', reason: 'no_answer' }],
    ['success', 'fax failed - busy!', { kind: 'failed', reason: 'busy' }],
    ['FAILED', 'File   Conversion error', { kind: 'failed', reason: 'file_error' }],
    ['failed', 'Fax Failed (Hangup)', { kind: 'failed', reason: 'hangup' }],
    ['failed', 'Fax Failed: Hang-up', { kind: 'failed', reason: 'hangup' }],
    ['failed', 'Fax Failed: Line fault', { kind: 'failed', reason: 'unknown' }],
    ['failed', '', { kind: 'failed', reason: 'unknown' }],
    ['failed', 'Sent', { kind: 'failed', reason: 'unknown' }],
    ['executed', '', { kind: 'pending' }],
    ['queued', 'Sent', { kind: 'pending' }],
    ['pending', 'x', { kind: 'pending' }],
    ['processing', 'x', { kind: 'pending' }],
    ['sending', 'x', { kind: 'pending' }],
    ['success', 'Fax is being sent', { kind: 'pending' }],
    ['success', 'Sending page 2', { kind: 'pending' }],
    ['success', 'In progress…', { kind: 'pending' }],
    ['success', 'Queued', { kind: 'pending' }],
    ['success', 'Dialing +1', { kind: 'pending' }],
    ['success', 'Converting', { kind: 'pending' }],
    ['success', 'Retrying in a minute', { kind: 'pending' }],
    ['success', 'Sent, delivery report pending', { kind: 'pending' }],
    ['success', '', { kind: 'unrecognised', wording: 'success: ' }],
    ['success', 'OK', { kind: 'unrecognised' }],
    ['ok', 'Sent', { kind: 'unrecognised' }],
    ['success', 'Not sent', { kind: 'unrecognised' }],
    ['success', 'Sentinel', { kind: 'unrecognised' }],
    ['success', 'Successor assigned', { kind: 'unrecognised' }],
  ])('reads %j, %j', (apiStatus, message, verdict) => {
    expect(classify(status(apiStatus, message), rules)).toMatchObject(verdict);
  });

  it('gives no verdict of its own to an answer without a status', () => {
    expect(classify({ kind: 'fault', fault: 'timeout' }, rules)).toEqual({ kind: 'fault' });
  });

  it('gives a failed fax no reason of its own by a rule that has none', () => {
    expect(classify(status('lost', 'Busy'), [{ verdict: 'failed', anyOf: [{ status: ['lost'] }] }])).toEqual({
      kind: 'failed',
      reason: 'unknown',
    });
  });

  it('never says sent unless status is success and the message begins as that of a sent fax does', () => {
    const success = fc.constantFrom('success', 'Success', 'SUCCESS.', ' success ');
    const delivered = fc.constantFrom(
      'Sent',
      'Sent! Fax Has Been Answered.',
      'sent fax',
      'Success! Your fax has been sent',
    );
    const words = fc.constantFrom(
      'success',
      'Sent',
      'failed',
      'executed',
      'Fax',
      'Failed',
      'being sent',
      'busy',
      ' ',
      '!',
      '​',
      'ſent',
      'SENT',
      'unsent',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words).map((parts) => parts.join(' ')),
      words,
    );
    const message = fc.oneof(
      text,
      delivered,
      fc.tuple(delivered, text).map((parts) => parts.join(' ')),
      fc.tuple(text, delivered).map((parts) => parts.join(' ')),
    );
    let sent = 0;
    fc.assert(
      fc.property(fc.oneof(text, success), message, (apiStatus, said) => {
        if (classify(status(apiStatus, said), rules).kind !== 'sent') return;
        sent += 1;
        expect(apiStatus.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase()).toBe('success');
        const wording = said
          .normalize('NFKC')
          .toLowerCase()
          .replace(/[^\p{L}\p{N}]+/gu, ' ')
          .trim();
        expect(wording).toMatch(
          /^(sent$|sent fax|success your fax has been sent|fax has been (sent|answered|delivered))/u,
        );
        expect(said).not.toMatch(/\bbeing sent\b/i);
      }),
      { numRuns: 20_000 },
    );
    expect(sent).toBeGreaterThan(100); // else nothing was checked
  });
});
