import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect, it } from '@jest/globals';
import { loadSettings } from '../../src/settings/load.ts';
import { withSettingsLines, withSettingsTable } from './settings-docs.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

it('the README and .env.example have the settings as they are: npm run docs:settings writes them', () => {
  expect(read('README.md')).toBe(withSettingsTable(read('README.md')));
  expect(read('.env.example')).toBe(withSettingsLines(read('.env.example')));
});

it('.env.example asks for the secrets, and its commented-out lines are the defaults', () => {
  expect(parseEnv(read('.env.example'))).toEqual({ FAX_API_KEY: '', DASHBOARD_PASSWORD: '', CALLBACK_SECRET: '' });
  const all = parseEnv(read('.env.example').replaceAll(/^#(?=[A-Z_]+=)/gm, ''));
  expect(all).toMatchObject({ RATE_LIMIT_MAX: '60', LOW_BALANCE_THRESHOLD: '' });
  expect(loadSettings(all, false)).toEqual(loadSettings({}, false));
});
