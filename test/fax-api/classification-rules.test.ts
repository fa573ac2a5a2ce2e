import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { AnswerContent } from '../../src/fax-api/answer.ts';
import { loadRules } from '../../src/fax-api/classification-rules.ts';
import { classify } from '../../src/fax-api/classify.ts';

const file = (content: unknown): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'faxwatch-rules-')), 'rules.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const read = (message: string, extra: string) => {
  const answer: AnswerContent = { kind: 'status', apiStatus: 'success', message, userCashBalance: null };
  return classify(answer, loadRules(extra));
};

describe('an operator’s CLASSIFICATION_FILE', () => {
  it('adds wordings and takes none away', () => {
    const extra = file([
      { verdict: 'sent', anyOf: [{ status: ['success'], messageStartsWith: ['Delivered'] }] },
      { verdict: 'failed', anyOf: [{ messageContains: ['rejected'] }], reasons: { 'by fax machine': 'hangup' } },
    ]);
    expect(read('Delivered on page 1', extra)).toEqual({ kind: 'sent' });
    expect(read('Rejected by fax machine', extra)).toEqual({ kind: 'failed', reason: 'hangup' });
    expect(read('Delivered, rejected', extra)).toEqual({ kind: 'failed', reason: 'unknown' });
    expect(read('Sent!', extra)).toEqual({ kind: 'sent' });
    expect(read('Being sent', extra)).toEqual({ kind: 'pending' });
  });

  it('is what docs/answers.md shows', () => {
    const shown = /^```json\n([\s\S]*?)^```$/m.exec(
      readFileSync(new URL('../../docs/answers.md', import.meta.url), 'utf8'),
    )?.[1];
    const extra = file(shown ?? '');
    expect(read('Delivered at noon', extra)).toEqual({ kind: 'sent' });
    expect(read('Fax was passed to carrier', extra)).toEqual({ kind: 'pending' });
    expect(read('A line fault', extra)).toEqual({ kind: 'failed', reason: 'unknown' });
  });

  it.each([
    ['not JSON', '{'],
    ['not a list', {}],
    ['an unknown verdict', [{ verdict: 'lost', anyOf: [{ status: ['x'] }] }]],
    ['a rule that would always hold', [{ verdict: 'sent', anyOf: [{}] }]],
    ['an empty phrase', [{ verdict: 'sent', anyOf: [{ messageStartsWith: ['!'] }] }]],
    ['an unknown reason', [{ verdict: 'failed', anyOf: [{ status: ['x'] }], reasons: { x: 'gone' } }]],
    ['a misspelt field', [{ verdict: 'sent', anyOf: [{ messageStartWith: ['x'] }] }]],
  ])('is refused as a wrong setting when it is %s', (_what, content) => {
    expect(() => loadRules(file(content))).toThrow(
      expect.objectContaining({ name: 'SettingsError', message: expect.stringMatching(/^CLASSIFICATION_FILE: /) }),
    );
  });
});
