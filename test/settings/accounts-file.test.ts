import { describe, expect, it } from '@jest/globals';
import { parseAccounts } from '../../src/settings/accounts-file.ts';
import { servedBy } from '../../src/settings/key-files.ts';
import { loadSettings } from '../../src/settings/load.ts';

const whole = loadSettings({ ACCOUNTS_FILE: 'a.json', RATE_LIMIT_MAX: '30', LOW_BALANCE_THRESHOLD: '5' }, true);
const parse = (accounts: unknown) => parseAccounts(JSON.stringify(accounts), whole);
const problemsOf = (account: unknown) => parse({ north: account }).problems;

describe('the file of accounts', () => {
  it('gives each account its own settings and space, and the rest from the environment', () => {
    const own = {
      FAX_API_KEY: 'k-north',
      RATE_LIMIT_MAX: '10',
      RATE_LIMIT_DURATION_MS: 1000,
      LOW_BALANCE_THRESHOLD: 1.5,
      HISTORY_SWEEP: 'auto',
      CALLBACK_SECRET: 'sixteen-or-more-chars',
    };
    const { accounts, problems, warnings } = parse({ north: own, south: { FAX_API_KEY: 'k-south' } });
    expect([problems, warnings]).toEqual([[], []]);
    expect([...accounts.keys()]).toEqual(['north', 'south']);
    expect(accounts.get('north')).toMatchObject({
      ...own,
      RATE_LIMIT_MAX: 10,
      QUEUE_NAME: 'fax-status.north',
      KEY_PREFIX: 'fax:north:',
    });
    expect(accounts.get('south')).toMatchObject({
      FAX_API_KEY: 'k-south',
      RATE_LIMIT_MAX: 30,
      LOW_BALANCE_THRESHOLD: 5,
      HISTORY_SWEEP: 'off',
    });
  });

  it('on a cluster gives each account a hash tag', () => {
    const cluster = loadSettings({ ACCOUNTS_FILE: 'a.json', REDIS_CLUSTER_NODES: 'a:7000' }, true);
    const { accounts } = parseAccounts('{"north":{"FAX_API_KEY":"k"}}', cluster);
    expect(accounts.get('north')).toMatchObject({ QUEUE_PREFIX: '{bull.north}', KEY_PREFIX: '{fax.north}:' });
  });

  it.each(['', '{', '[]', 'null', '"s3cret"', '{"a":{"FAX_API_KEY":"s3cret"}', '{"a":{"FAX_API_KEY":s3cret}}'])(
    'is refused as %j, with nothing of it in the message',
    (content) => {
      const { accounts, problems } = parseAccounts(content, whole);
      expect([accounts.size, problems]).toEqual([0, [expect.stringMatching(/^ACCOUNTS_FILE: must be a JSON object/)]]);
      expect(problems[0]).not.toContain('s3cret');
    },
  );

  it('is refused with a name twice', () => {
    const twice = '{"a":{"FAX_API_KEY":"k1"},"a":{"FAX_API_KEY":"k2"}}';
    expect(parseAccounts(twice, whole).problems).toEqual([expect.stringMatching(/no name twice/)]);
  });

  it.each(['North', '-a', 'a.b', '', '__proto__'])('refuses the name %j', (name) => {
    const content = `{${JSON.stringify(name)}:{"FAX_API_KEY":"k"}}`;
    expect(parseAccounts(content, whole).problems).toHaveLength(1);
  });

  it.each([
    [{}, /account "north": FAX_API_KEY: required$/],
    [{ FAX_API_KEY: '' }, /account "north": FAX_API_KEY: must be/],
    [{ FAX_API_KEY: 'hu sh' }, /account "north": FAX_API_KEY: must be/],
    [{ FAX_API_KEY: 'k', RATE_LIMIT_MAX: 'hush' }, /account "north": RATE_LIMIT_MAX: must be a whole number/],
    [{ FAX_API_KEY: 'k', RATE_LIMT_MAX: 5 }, /RATE_LIMT_MAX: no such setting; did you mean RATE_LIMIT_MAX\?/],
    [{ FAX_API_KEY: 'k', colour: 'hush' }, /account "north": colour: no such setting$/],
    [{ FAX_API_KEY: 'k', LOG_LEVEL: 'info' }, /LOG_LEVEL: is set in the environment, for all accounts/],
    [{ FAX_API_KEY: 'k', CALLBACK_SECRET: 'hush' }, /account "north": CALLBACK_SECRET: must be 16/],
    ['hush', /account "north": must be an object/],
  ])('names the account and the field, not the value: %j', (account, problem) => {
    expect(problemsOf(account)).toEqual([expect.stringMatching(problem)]);
    expect(problemsOf(account).join()).not.toMatch(/hush|hu sh/);
  });

  it('warns of two accounts with the same key, by their names', () => {
    const { problems, warnings } = parse({
      a: { FAX_API_KEY: 'same' },
      b: { FAX_API_KEY: 'same' },
      c: { FAX_API_KEY: 'k' },
    });
    expect([problems, warnings]).toEqual([[], [expect.stringMatching(/^ACCOUNTS_FILE: .*same key.*: a,b$/)]]);
    expect(warnings.join()).not.toContain('"same"');
  });

  it('where key and name are swapped, shows only the beginning of what may be a key', () => {
    const [lower, upper] = ['0123456789abcdef0123', '0123456789ABCDEF0123'];
    const { problems } = parse({ [lower]: 'north', [upper]: 'south' });
    expect(problems).toEqual([
      expect.stringMatching(/account "0123…": must be an object/),
      expect.stringMatching(/account "0123…": a name is/),
    ]);
  });

  it('warns of accounts that no callback reaches, where callbacks are taken', () => {
    const own = { FAX_API_KEY: 'k1', CALLBACK_SECRET: 'sixteen-or-more-chars' };
    const content = JSON.stringify({ heard: own, unheard: { FAX_API_KEY: 'k2' } });
    const env = { ACCOUNTS_FILE: 'a.json', CALLBACK_PORT: '4000' };
    const { problems, warnings } = parseAccounts(content, loadSettings(env, true));
    expect([problems, warnings]).toEqual([[], [expect.stringMatching(/no CALLBACK_SECRET.*: unheard$/)]]);
    expect(parseAccounts(content, whole).warnings).toEqual([]);
  });
});

describe('a process serves', () => {
  const content = JSON.stringify({ a: { FAX_API_KEY: 'ka' }, b: { FAX_API_KEY: 'kb' } });

  it('all accounts, or those in ACCOUNTS, and says which of these are not in the file', () => {
    expect([...servedBy(whole, content).accounts.keys()]).toEqual(['a', 'b']);
    const { accounts, problems, missing, warnings } = servedBy({ ...whole, ACCOUNTS: ['b', 'c'] }, content);
    expect([...accounts.keys()]).toEqual(['b']);
    expect([problems, missing, warnings]).toEqual([[], [expect.stringMatching(/^ACCOUNTS: .*: c$/)], []]);
  });

  it('one account without a name, with the key in the environment or in the first line of a file', () => {
    const settings = loadSettings({ FAX_API_KEY: 'k' }, true);
    expect(servedBy(settings, undefined).accounts).toEqual(new Map([[undefined, settings]]));
    const byFile = loadSettings({ FAX_API_KEY_FILE: 'key' }, true);
    const { accounts } = servedBy(byFile, 'the-key\r\nmore\n');
    expect(accounts.get(undefined)?.FAX_API_KEY).toBe('the-key');
    for (const wrong of ['', '\n', 'a b\n']) {
      expect(servedBy(byFile, wrong).problems).toEqual([expect.stringMatching(/^FAX_API_KEY_FILE: its first line/)]);
    }
  });

  it('nothing while the file cannot be read', () => {
    expect(servedBy(whole, undefined).problems).toEqual(['ACCOUNTS_FILE: the file cannot be read']);
  });
});
