import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Redaction } from '../../src/log/redaction.ts';

const secret = 'f@x2/r+0 "c<k>\'&z?';
const entities = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[c] ?? c);
const others = Array.from({ length: 1_000 }, () => randomBytes(16).toString('hex'));

describe.each([
  ['few', []],
  ['many', others],
])('among %s, a secret is removed', (_, more) => {
  const redaction = new Redaction([...more, secret]);

  it.each([
    ['as it is', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['URL-encoded twice', encodeURIComponent(encodeURIComponent(secret))],
    ['as a form', new URLSearchParams({ k: secret }).toString().slice(2)],
    ['with HTML entities', entities(entities(secret))],
    ['as JSON in JSON', JSON.stringify(JSON.stringify(secret)).slice(1, -1)],
    ['in base64', Buffer.from(secret).toString('base64')],
    ['in base64url', Buffer.from(secret).toString('base64url')],
    ['in base64 behind a name', Buffer.from(`a:${secret}`).toString('base64')],
  ])('%s', (_form, form) => {
    const clean = redaction.clean(`before ${form} after`);
    expect(clean).toMatch(/before .*\[redacted\].* after/);
    expect(clean).not.toContain(form);
  });
});

it('secrets may come later, and those from before are still removed', () => {
  const redaction = new Redaction(['the-old-key']);
  redaction.add(['the-new-key', '']);
  expect(redaction.clean('the-old-key the-new-key')).toBe('[redacted] [redacted]');
});

it('a thousand secrets cost a line little time', () => {
  const redaction = new Redaction(others);
  const line = JSON.stringify({ level: 30, account: 'north', msg: 'worker started', queue: 'fax-status.north' });
  redaction.clean(line);
  const started = performance.now();
  for (let i = 0; i < 100; i += 1) expect(redaction.clean(line)).toBe(line);
  expect(performance.now() - started).toBeLessThan(1_000);
});
