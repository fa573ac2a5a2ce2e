import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { accountsInFile } from '../../src/cli/accounts-file.ts';
import { SettingsError } from '../../src/settings/settings-error.ts';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

function setFile(text: string): void {
  process.env['ACCOUNTS_FILE'] = join(mkdtempSync(join(tmpdir(), 'faxwatch-accounts-')), 'accounts.json');
  writeFileSync(process.env['ACCOUNTS_FILE'], text);
}

it('the names in the file, those that no account can have left out; none without a file', () => {
  setFile('{"north":{"FAX_API_KEY":"k"},"South":{},"a_b":{}}');
  expect(accountsInFile()).toEqual(new Set(['north']));
  process.env['ACCOUNTS_FILE'] = '';
  expect(accountsInFile()).toBeUndefined();
});

it.each(['{"north":{"FAX_API_KEY":"s3cret"', '["s3cret"]', 's3cret', 'null', ''])(
  'a file with %j is an error that says nothing of what is in it',
  (text) => {
    setFile(text);
    expect(() => accountsInFile()).toThrow(SettingsError);
    expect(() => accountsInFile()).not.toThrow(/s3cret/);
    expect(() => accountsInFile()).toThrow(/ACCOUNTS_FILE/);
  },
);
