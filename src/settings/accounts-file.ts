import { parse } from 'lossless-json';
import { ACCOUNT_NAME, spaceOf } from '../contract/space.ts';
import { nearest } from './edit-distance.ts';
import { isSettingName, SETTINGS, type SettingName, type Settings } from './table.ts';

/** What an account may set for itself; the rest comes from the environment. */
const ACCOUNT_SETTINGS = [
  'FAX_API_KEY',
  'RATE_LIMIT_MAX',
  'RATE_LIMIT_DURATION_MS',
  'RATE_LIMIT_HEADROOM',
  'LOW_BALANCE_THRESHOLD',
  'HISTORY_SWEEP',
  'CALLBACK_SECRET',
] as const satisfies readonly SettingName[];

/** All settings of each account by its name, its own queue and key prefix included. */
export type AccountSettings = ReadonlyMap<string, Settings>;

/** One line for each thing that is wrong or probably wrong; none has a value in it. */
export type ParsedAccounts = Readonly<{
  accounts: AccountSettings;
  problems: readonly string[];
  warnings: readonly string[];
}>;

/**
 * Parses the content of `ACCOUNTS_FILE`: a JSON object of account name to its settings. Pure.
 *
 * @param whole the settings of the service, from which each account takes what it leaves out
 */
export function parseAccounts(content: string, whole: Settings): ParsedAccounts {
  const json = jsonOf(content.replace(/^\uFEFF/, '')); // as editors of Windows begin a file
  if (!isObject(json)) {
    const problem = 'ACCOUNTS_FILE: must be a JSON object of account names and their settings, no name twice';
    return { accounts: new Map(), problems: [problem], warnings: [] };
  }
  const problems: string[] = [];
  const accounts = new Map<string, Settings>();
  for (const [name, own] of Object.entries(json)) {
    const { settings, problems: wrong } = accountOf(name, own, whole);
    problems.push(...wrong);
    if (settings) accounts.set(name, settings);
  }
  return { accounts, problems, warnings: [...warningsOf(accounts), ...unheard(accounts)] };
}

const SHORTEST_KEY = 16; // of keys that anybody has seen

type ParsedAccount = Readonly<{ settings?: Settings; problems: readonly string[] }>;

function accountOf(name: string, own: unknown, whole: Settings): ParsedAccount {
  const about = `ACCOUNTS_FILE: account ${JSON.stringify(name)}`;
  // What stands in the place of a name may be a key, where the two were swapped.
  const inShort = `ACCOUNTS_FILE: account ${JSON.stringify(shortened(name))}`;
  if (!ACCOUNT_NAME.test(name)) {
    return { problems: [`${inShort}: a name is 1 to 63 of a-z 0-9 -, and begins with a letter or digit`] };
  }
  if (!isObject(own)) return { problems: [`${inShort}: must be an object with a FAX_API_KEY`] };
  const read = Object.entries(own).map(([field, value]) => fieldOf(field, value));
  const problems = read.flatMap(([, problem]) => (problem === undefined ? [] : [`${about}: ${problem}`]));
  if (!Object.hasOwn(own, 'FAX_API_KEY')) problems.push(`${about}: FAX_API_KEY: required`);
  if (problems.length > 0) return { problems };
  const entries = Object.fromEntries(read.map(([entry]) => entry)) as Partial<Settings>;
  return { settings: { ...whole, ...entries, ...spaceSettings(name, whole) }, problems };
}

function fieldOf(field: string, value: unknown): readonly [entry: [string, unknown], problem?: string] {
  if (!isAccountSetting(field)) return [[field, undefined], `${field}: ${whyUnknown(field)}`];
  const { read, wanted } = SETTINGS[field];
  const empty = value === '' && field === 'FAX_API_KEY';
  const parsed = empty ? undefined : read(value);
  return parsed === undefined ? [[field, undefined], `${field}: ${wanted}`] : [[field, parsed]];
}

const shortened = (name: string): string => (name.length < SHORTEST_KEY ? name : `${name.slice(0, 4)}…`);

function whyUnknown(field: string): string {
  if (isSettingName(field)) return 'is set in the environment, for all accounts';
  const meant = nearest(field, ACCOUNT_SETTINGS);
  return meant === undefined ? 'no such setting' : `no such setting; did you mean ${meant}?`;
}

function spaceSettings(name: string, { QUEUE_NAME, QUEUE_PREFIX, KEY_PREFIX, REDIS_CLUSTER_NODES }: Settings) {
  const whole = { queueName: QUEUE_NAME, queuePrefix: QUEUE_PREFIX, keyPrefix: KEY_PREFIX };
  const { queueName, queuePrefix, keyPrefix } = spaceOf(whole, name, REDIS_CLUSTER_NODES !== null);
  return { QUEUE_NAME: queueName, QUEUE_PREFIX: queuePrefix, KEY_PREFIX: keyPrefix };
}

/** Accounts with the same key share one limit at Fax.to, and none of them knows of the others' requests. */
function warningsOf(accounts: AccountSettings): string[] {
  const byKey = Map.groupBy(accounts, ([, { FAX_API_KEY }]) => FAX_API_KEY);
  const alike = [...byKey.values()].filter((same) => same.length > 1).map((same) => same.map(([name]) => name));
  return alike.map(
    (names) => `ACCOUNTS_FILE: these accounts have the same key, and so share one limit: ${names.join()}`,
  );
}

/** A callback is told apart by its secret: an account without one gets none. */
function unheard(accounts: AccountSettings): string[] {
  const without = [...accounts].filter(
    ([, { CALLBACK_PORT, CALLBACK_SECRET }]) => CALLBACK_PORT > 0 && !CALLBACK_SECRET,
  );
  if (without.length === 0) return [];
  const names = without.map(([name]) => name).join();
  return [`ACCOUNTS_FILE: these accounts have no CALLBACK_SECRET, and so take no callbacks: ${names}`];
}

/** The parser's own message may have a part of the content in it, such as a key: it is not kept. */
function jsonOf(content: string): unknown {
  try {
    return parse(content, undefined, Number); // which takes no name twice
  } catch {
    return undefined;
  }
}

const isAccountSetting = (field: string): field is (typeof ACCOUNT_SETTINGS)[number] =>
  ACCOUNT_SETTINGS.some((name) => name === field);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
