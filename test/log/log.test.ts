import { expect, it } from '@jest/globals';
import { createLog } from '../../src/log/log.ts';

it('an error is logged with type, message, code and stack, and nothing else that a library put on it', async () => {
  const lines: string[] = [];
  const log = await createLog('info', ['the-secret'], { write: (line) => void lines.push(line) });
  const error = Object.assign(new RangeError('refused: the-secret'), {
    code: 'ERR_ODD',
    command: { name: 'auth', args: ['another-secret'] },
    cause: Object.assign(new Error('cause'), { args: ['another-secret'] }),
  });
  log.error({ err: error }, 'failed');
  log.error(error);
  log.error({ err: 'only text' }, 'failed');
  const logged = lines.map((line) => (JSON.parse(line) as { err: unknown }).err);
  const plain = { type: 'RangeError', message: 'refused: [redacted]', code: 'ERR_ODD', stack: expect.any(String) };
  expect(logged).toEqual([plain, plain, { type: 'string', message: 'only text' }]);
  expect(lines.join('')).not.toMatch(/another-secret|the-secret/);
});

it('levels are words, as log collectors know them', async () => {
  const lines: string[] = [];
  const log = await createLog('info', [], { write: (line) => void lines.push(line) });
  log.info('one');
  log.child({ account: 'north' }).warn('two');
  expect(lines.map((line) => (JSON.parse(line) as { level: unknown }).level)).toEqual(['info', 'warn']);
});
