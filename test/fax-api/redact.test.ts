import { expect, it } from '@jest/globals';
import { redactor } from '../../src/fax-api/redact.ts';

it('takes a secret out of a text in every form that it may have there', () => {
  const secret = 'f@x2/r+0 "ckkz?';
  const redact = redactor(secret);
  const forms = [secret, encodeURIComponent(secret), 'f%40x2%2Fr%2B0+%22ckkz%3F', Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('base64url'), JSON.stringify(secret)];
  for (const form of forms) {
    const clean = redact(`before ${form} after`);
    expect(clean).toMatch(/^before "?\[redacted\]"?=* after$/);
  }
  expect(redactor('')('kept')).toBe('kept');
  expect(redactor('k')('walk away')).toBe('walk away');
});
