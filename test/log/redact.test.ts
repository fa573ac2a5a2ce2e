import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { redactor } from '../../src/log/redact.ts';

const secret = 'f@x2/r+0 "c<k>\'&z?';
const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
const twice = (text: string): string => encodeURIComponent(encodeURIComponent(text));
const asJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const lowerCase = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
const entities = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c] ?? c);

describe('takes a secret out of a text in every form that it may have there', () => {
  it.each([
    ['as it is', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['URL-encoded in lower case', lowerCase(encodeURIComponent(secret))],
    ['URL-encoded, each character', percent(secret)],
    ['as a form', new URLSearchParams({ k: secret }).toString().slice(2)],
    ['as a form in lower case', lowerCase(new URLSearchParams({ k: secret }).toString().slice(2))],
    ['URL-encoded twice', twice(secret)],
    ['URL-encoded three times, in lower case', lowerCase(encodeURIComponent(twice(secret)))],
    ['with HTML entities', entities(secret)],
    ['with HTML entities of its own', secret.replace('/', '&#x2F;').replace('+', '&#043;').replace("'", '&apos;')],
    ['with HTML entities, twice', entities(entities(secret))],
    ['with HTML entities, URL-encoded', encodeURIComponent(secret).replaceAll('%2F', '&#47;')],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64url', Buffer.from(secret).toString('base64url')],
    ['in base64, URL-encoded', encodeURIComponent(Buffer.from(secret).toString('base64'))],
    ['as JSON', asJson(secret)],
    ['as JSON in JSON', asJson(asJson(secret))],
    ['as JSON in ASCII', Array.from(secret, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')],
  ])('%s', (_, form) => {
    expect(redactor(secret)(`before ${form} after`)).toMatch(/^before \[redacted\](=|%3D)* after$/);
  });

  it('as a part of what is in base64, such as the user and key of Basic credentials', () => {
    const clear = (text: string): string => Buffer.from(text, 'base64').toString('latin1');
    for (const user of ['', 'a', 'ab', 'abc', 'admin']) {
      for (const rest of ['', '1', '12', '123']) {
        for (const encoding of ['base64', 'base64url'] as const) {
          const credentials = Buffer.from(`${user}:${secret}${rest}`).toString(encoding);
          const clean = redactor(secret)(`Authorization: Basic ${credentials}`);
          expect(clean).toContain('[redacted]');
          const left = clean.replace('Authorization: Basic ', '').split('[redacted]').map(clear).join(' ');
          for (let at = 0; at + 2 <= secret.length; at += 1) expect(left).not.toContain(secret.slice(at, at + 2));
        }
      }
    }
  });

  it('whatever the secret is', () => {
    const encodings = [String, encodeURIComponent, twice, percent, entities, asJson];
    fc.assert(
      fc.property(fc.string({ minLength: 6, maxLength: 80 }), fc.constantFrom(...encodings), (any, encode) => {
        expect(redactor(any)(`<${encode(any)}>`)).toBe('<[redacted]>');
      }),
    );
    expect(redactor('pässwörd✓')(encodeURIComponent('pässwörd✓'))).toBe('[redacted]');
  });
});

it('leaves other texts alone, and what is too short to tell from words', () => {
  expect(redactor('')('kept')).toBe('kept');
  expect(redactor('k')('walk away')).toBe('walk away');
  expect(redactor('abc')('abc, YWJj')).toBe('abc, YWJj');
  expect(redactor('a.b.c.d')('axbxcxd')).toBe('axbxcxd');
  expect(redactor('secret')('Secret sEcReT')).toBe('Secret sEcReT');
});

it('takes no long time, whatever the text', () => {
  const started = performance.now();
  redactor('%'.repeat(512))('%25'.repeat(20_000));
  redactor('ab'.repeat(128))('ab'.repeat(127).concat('c').repeat(250));
  redactor('a\\\\b\\\\c\\\\')('\\'.repeat(60_000));
  redactor('&lt;&amp;&')('&amp;'.repeat(12_000));
  expect(performance.now() - started).toBeLessThan(3_000);
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
