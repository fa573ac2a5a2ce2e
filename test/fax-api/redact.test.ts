import { expect, it } from '@jest/globals';
import fc from 'fast-check';
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

it('whatever the secret is, no form of it is left in a text around it', () => {
  const secret = fc.string({ unit: 'grapheme', minLength: 12, maxLength: 40 });
  fc.assert(
    fc.property(secret, (key) => {
      const redact = redactor(key);
      const base64 = Buffer.from(key).toString('base64');
      const base64url = Buffer.from(key).toString('base64url'); // without padding
      const escaped = JSON.stringify(`a${key}b`).slice(2, -2);
      for (const form of [key, encodeURIComponent(key), base64, base64url, escaped]) {
        expect(redact(`before ${form} after`)).not.toContain(form);
        expect(redact(`before ${form}x`)).not.toContain(form);
      }
    }),
    { examples: [['?>?>key-1~~~~'], ['13 characters'], ['14 characters.'], ['a "quoted" text']] },
  );
});

it('a secret of 6 characters is taken out, a shorter one is left alone, as it may be part of a word', () => {
  expect(redactor('fax-77')('/fax-77/status')).toBe('/[redacted]/status');
  expect(redactor('fax-7')('/fax-77/status')).toBe('/fax-77/status');
});
