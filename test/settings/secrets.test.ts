import { expect, it } from '@jest/globals';
import { loadSettings } from '../../src/settings/load.ts';
import { forgetSecrets, secretsOf } from '../../src/settings/secrets.ts';

const env = {
  FAX_API_KEY: 'the-key',
  DASHBOARD_PASSWORD: 'the-password',
  REDIS_URL: 'redis://me:a%2Fb@h:6379?password=asked',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://me:collected@c',
  FAX_API_BASE_URL: 'https://fax.to/api/v2',
  LOG_LEVEL: 'debug',
};

it('secrets are the key, the password, and the passwords in URLs as written and decoded', () => {
  const secrets = secretsOf(loadSettings(env, true));
  expect(new Set(secrets)).toEqual(new Set(['the-key', 'the-password', 'a%2Fb', 'a/b', 'asked', 'collected']));
  expect(secretsOf(loadSettings({}, false))).toEqual([]);
});

it('an environment forgets every variable that may hold one, and nothing else', () => {
  const left = { ...env };
  forgetSecrets(left);
  expect(left).toEqual({ FAX_API_BASE_URL: env.FAX_API_BASE_URL, LOG_LEVEL: 'debug' });
});
