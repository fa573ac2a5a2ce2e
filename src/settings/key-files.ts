import { readFile } from 'node:fs/promises';
import { parseAccounts, type ParsedAccounts } from './accounts-file.ts';
import { SETTINGS, type Settings } from './table.ts';

/** The file that has the keys; null if the key is in the environment. */
export const keyFileOf = ({ ACCOUNTS_FILE, FAX_API_KEY_FILE }: Settings): string | null =>
  ACCOUNTS_FILE ?? FAX_API_KEY_FILE;

/**
 * What a process serves: accounts by name, or one without a name (undefined). One line for each thing that is wrong or
 * probably wrong; none has a value in it.
 */
export type Served = Readonly<{
  accounts: ReadonlyMap<string | undefined, Settings>;
  problems: readonly string[];
  /** One line for each name in `ACCOUNTS` that the file lacks: a mistake at start, later an account that went. */
  missing: readonly string[];
  warnings: readonly string[];
}>;

/** The content of the file that has the keys; undefined if there is none, or it cannot be read. */
export async function readKeyFile(settings: Settings): Promise<string | undefined> {
  const file = keyFileOf(settings);
  return file === null ? undefined : readFile(file, 'utf8').catch(() => undefined);
}

/**
 * What the process serves. Pure.
 *
 * @param content that of the file with the keys, if the settings name one; undefined if it cannot be read
 */
export function servedBy(settings: Settings, content: string | undefined): Served {
  if (settings.ACCOUNTS_FILE !== null) {
    return content === undefined ? unreadable('ACCOUNTS_FILE') : chosen(parseAccounts(content, settings), settings);
  }
  if (settings.FAX_API_KEY_FILE === null) return right(one(settings));
  if (content === undefined) return unreadable('FAX_API_KEY_FILE');
  const key = SETTINGS.FAX_API_KEY.read(content.split('\n', 1)[0]?.trim());
  if (!key) {
    return wrong([`FAX_API_KEY_FILE: its first line ${SETTINGS.FAX_API_KEY.wanted}`]);
  }
  return right(one({ ...settings, FAX_API_KEY: key }));
}

const one = (settings: Settings): ReadonlyMap<undefined, Settings> => new Map([[undefined, settings]]);

const right = (accounts: Served['accounts']): Served => ({ accounts, problems: [], missing: [], warnings: [] });

const wrong = (problems: readonly string[]): Served => ({ accounts: new Map(), problems, missing: [], warnings: [] });

const unreadable = (name: string): Served => wrong([`${name}: the file cannot be read`]);

/** The accounts that `ACCOUNTS` names, or all. */
function chosen({ accounts, problems, warnings }: ParsedAccounts, { ACCOUNTS: names }: Settings): Served {
  if (problems.length > 0) return wrong(problems);
  if (names === null) return { ...right(accounts), warnings };
  const served = new Map([...accounts].filter(([name]) => names.includes(name)));
  const missing = names
    .filter((name) => !accounts.has(name))
    .map((name) => `ACCOUNTS: ACCOUNTS_FILE has no account of that name: ${name}`);
  return { ...right(served), missing, warnings };
}
