import { readFileSync } from 'node:fs';
import { ACCOUNT_NAME } from '../contract/space.ts';
import { SettingsError } from '../settings/settings-error.ts';

/** The file that names the accounts of the service; undefined for a service without accounts, or on another machine. */
export const accountsFile = (): string | undefined => process.env['ACCOUNTS_FILE'] || undefined;

/**
 * The names of the accounts in `ACCOUNTS_FILE`, and nothing else of it; undefined if it is not set.
 *
 * @throws SettingsError if the file cannot be read or is no JSON object
 */
export function accountsInFile(): ReadonlySet<string> | undefined {
  const file = accountsFile();
  if (file === undefined) return undefined;
  const accounts = parsed(file);
  if (typeof accounts !== 'object' || accounts === null || Array.isArray(accounts)) throw unreadable();
  return new Set(Object.keys(accounts).filter((name) => ACCOUNT_NAME.test(name)));
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw unreadable(); // Node's own error shows a part of the file, which may be a key
  }
}

const unreadable = (): SettingsError =>
  new SettingsError(['ACCOUNTS_FILE: must be a file that can be read, with a JSON object of accounts by name']);
