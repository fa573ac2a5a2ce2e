import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { faxIdIn, formFields } from '../../src/callback/body.ts';

describe('the fax that a callback is about', () => {
  it.each<[string, unknown, string | undefined]>([
    ['a number', { fax_job_id: 216, status: 'success' }, '216'],
    ['text', { fax_job_id: '216' }, '216'],
    ['text that is no number', { fax_job_id: 'a_B-9' }, 'a_B-9'],
    ['a form', formFields('fax_job_id=216&status=failed&msg_code=busy&message=Fax+Failed+-+Line+Busy'), '216'],
    ['an escaped form', formFields('fax%5Fjob%5Fid=%32%31%36'), '216'],
    ['a form with the id twice', formFields('fax_job_id=1&fax_job_id=2'), '2'],
    ['a form with a prototype', formFields('__proto__=1&fax_job_id=7'), '7'],
    ['an id in a list', { fax_job_id: ['216'] }, undefined],
    ['an id that is null', { fax_job_id: null }, undefined],
    ['another name', { faxJobId: 216 }, undefined],
    ['no body', undefined, undefined],
    ['text alone', 'fax_job_id=216', undefined],
  ])('%s', (_what, body, faxId) => {
    expect(faxIdIn(body)).toBe(faxId);
  });

  it('is one that a job may have, or none, whatever is sent', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.record({ fax_job_id: fc.anything() }), fc.string().map(formFields)),
        (body) => {
          expect(faxIdIn(body) ?? 'none').toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        },
      ),
    );
  });
});
