import { afterEach, expect, it, jest } from '@jest/globals';
import { reportError } from '../../src/cli/failure.ts';
import { readSettings } from '../../src/cli/settings.ts';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
  process.exitCode = 0;
});

it('secrets are taken out of the environment once they are read, and out of what errors say', () => {
  const url = 'redis://me:s3cret%2Fw0rd@127.0.0.1:6379';
  const secrets = { FAX_API_KEY: 'the-api-key', DASHBOARD_PASSWORD: 'the-password', REDIS_URL: url };
  Object.assign(process.env, secrets);
  expect(readSettings(true)).toMatchObject(secrets);
  expect(JSON.stringify(process.env)).not.toMatch(/the-api-key|the-password|s3cret/);

  const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const texts = ['the-api-key', 'the-password', 's3cret%2Fw0rd', 's3cret/w0rd'];
  reportError(Object.assign(new Error(`seen: ${texts.join(' ')}`), { command: { name: 'auth', args: texts } }));
  const output = said.mock.calls.flat().join('\n');
  said.mockRestore();
  expect(output).toMatch(/^Error: seen: (\[redacted\] ?){4}\n +at /);
  expect(output).not.toMatch(/the-api-key|the-password|s3cret|auth/);
});
