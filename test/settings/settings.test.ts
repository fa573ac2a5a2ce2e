import { describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/settings/load.ts';
import { SettingsError } from '../../src/settings/settings-error.ts';

const KEY = { FAX_API_KEY: 'k' };

const problemsOf = (env: Record<string, string>, needsKey = true): readonly string[] => {
  try {
    loadSettings(env, needsKey);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
};

describe('settings', () => {
  it('have the defaults of the contract', () => {
    expect(loadSettings(KEY, true)).toEqual({
      FAX_API_KEY: 'k',
      FAX_API_KEY_FILE: null,
      ACCOUNTS_FILE: null,
      ACCOUNTS: null,
      FAX_API_BASE_URL: 'https://fax.to/api/v2',
      FAX_API_METHOD: 'GET',
      FAX_API_TIMEOUT_MS: 10_000,
      CLASSIFICATION_FILE: null,
      RATE_LIMIT_MAX: 60,
      RATE_LIMIT_DURATION_MS: 60_000,
      RATE_LIMIT_HEADROOM: 0.05,
      POLL_MIN_INTERVAL_MS: 5_000,
      POLL_MAX_INTERVAL_MS: 300_000,
      POLL_DEADLINE_MS: 86_400_000,
      NOT_FOUND_GRACE_MS: 300_000,
      WORKER_CONCURRENCY: 50,
      REDIS_URL: 'redis://127.0.0.1:6379',
      REDIS_CLUSTER_NODES: null,
      REDIS_SENTINELS: null,
      REDIS_SENTINEL_NAME: null,
      QUEUE_NAME: 'fax-status',
      QUEUE_PREFIX: 'bull',
      KEY_PREFIX: 'fax:',
      RESULT_TTL_SECONDS: 2_592_000,
      EVENTS_STREAM_MAXLEN: 100_000,
      LOCK_DURATION_MS: 30_000,
      STALLED_INTERVAL_MS: 30_000,
      DASHBOARD_HOST: '127.0.0.1',
      DASHBOARD_PORT: 3_000,
      DASHBOARD_USERNAME: 'admin',
      DASHBOARD_PASSWORD: null,
      DASHBOARD_READ_ONLY: false,
      HISTORY_SWEEP: 'off',
      HISTORY_PAGE_SIZE: 100,
      CALLBACK_HOST: '127.0.0.1',
      CALLBACK_PORT: 0,
      CALLBACK_SECRET: null,
      LOW_BALANCE_THRESHOLD: null,
      LOG_LEVEL: 'info',
      OTEL_EXPORTER_OTLP_ENDPOINT: null,
      SHUTDOWN_TIMEOUT_MS: 15_000,
    });
  });

  it('come from the environment over the file of NODE_ENV over the defaults', () => {
    expect(loadSettings({ ...KEY, NODE_ENV: 'test' }, true).LOG_LEVEL).toBe('warn');
    expect(loadSettings({ ...KEY, NODE_ENV: 'test', LOG_LEVEL: 'debug' }, true).LOG_LEVEL).toBe('debug');
    expect(loadSettings({ ...KEY, NODE_ENV: 'elsewhere' }, true).LOG_LEVEL).toBe('info');
  });

  it('take an empty variable for unset, as Compose files pass those', () => {
    expect(loadSettings({ ...KEY, REDIS_URL: '', LOW_BALANCE_THRESHOLD: '' }, true)).toMatchObject({
      REDIS_URL: 'redis://127.0.0.1:6379',
      LOW_BALANCE_THRESHOLD: null,
    });
  });

  it('read lists of hosts', () => {
    const settings = loadSettings(
      { ...KEY, REDIS_SENTINELS: 'a:26379, [::1]:26380', REDIS_SENTINEL_NAME: 'main' },
      true,
    );
    expect(settings.REDIS_SENTINELS).toEqual([
      { host: 'a', port: 26_379 },
      { host: '::1', port: 26_380 },
    ]);
  });

  it.each([
    ['FAX_API_KEY', ''],
    ['FAX_API_KEY', 'has space'],
    ['FAX_API_BASE_URL', 'http://fax.to/api/v2'],
    ['FAX_API_BASE_URL', 'https://user:pass@fax.to/api/v2'],
    ['FAX_API_BASE_URL', 'ftp://fax.to'],
    ['FAX_API_BASE_URL', 'fax.to'],
    ['FAX_API_METHOD', 'PUT'],
    ['FAX_API_TIMEOUT_MS', '0'],
    ['FAX_API_TIMEOUT_MS', '12abc'],
    ['RATE_LIMIT_MAX', '0'],
    ['RATE_LIMIT_MAX', '1.5'],
    ['RATE_LIMIT_DURATION_MS', '-1'],
    ['RATE_LIMIT_HEADROOM', '1'],
    ['RATE_LIMIT_HEADROOM', '-0.1'],
    ['POLL_MIN_INTERVAL_MS', '0'],
    ['POLL_MIN_INTERVAL_MS', '400000'],
    ['POLL_MAX_INTERVAL_MS', '99999999999'],
    ['POLL_DEADLINE_MS', 'a day'],
    ['NOT_FOUND_GRACE_MS', '-5'],
    ['WORKER_CONCURRENCY', '0'],
    ['REDIS_URL', 'http://127.0.0.1:6379'],
    ['REDIS_URL', '127.0.0.1:6379'],
    ['REDIS_CLUSTER_NODES', 'nodes'],
    ['REDIS_SENTINELS', 'a:99999'],
    ['QUEUE_NAME', 'fax:status'],
    ['QUEUE_PREFIX', ' '],
    ['KEY_PREFIX', ' '],
    ['RESULT_TTL_SECONDS', '0'],
    ['EVENTS_STREAM_MAXLEN', '0'],
    ['LOCK_DURATION_MS', '1'],
    ['STALLED_INTERVAL_MS', '1'],
    ['DASHBOARD_HOST', ' '],
    ['DASHBOARD_PORT', '65536'],
    ['DASHBOARD_USERNAME', 'a:b'],
    ['DASHBOARD_READ_ONLY', '1'],
    ['LOW_BALANCE_THRESHOLD', 'ten'],
    ['LOG_LEVEL', 'loud'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['SHUTDOWN_TIMEOUT_MS', '0'],
  ])('refuse %s=%s with one line that names it', (name, value) => {
    const problems = problemsOf({ ...KEY, [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: .{8,}`));
    if (value.trim().length > 3) expect(problems[0]).not.toContain(value);
  });

  it('take the key from one place', () => {
    expect(problemsOf({ FAX_API_KEY_FILE: 'key' })).toEqual([]);
    expect(problemsOf({ ACCOUNTS_FILE: 'accounts.json', ACCOUNTS: 'a, b-2' })).toEqual([]);
    expect(problemsOf({ ...KEY, FAX_API_KEY_FILE: 'key' })).toEqual([
      'FAX_API_KEY: set either this or FAX_API_KEY_FILE',
    ]);
    expect(problemsOf({ ...KEY, ACCOUNTS_FILE: 'a.json' }, false)).toEqual([
      'FAX_API_KEY: must be unset with ACCOUNTS_FILE',
    ]);
    expect(problemsOf({ FAX_API_KEY_FILE: 'key', ACCOUNTS_FILE: 'a.json' })).toEqual([
      'FAX_API_KEY_FILE: must be unset with ACCOUNTS_FILE',
    ]);
    expect(problemsOf({ ...KEY, ACCOUNTS: 'a' })).toEqual(['ACCOUNTS: needs ACCOUNTS_FILE']);
  });

  it.each(['', ',', 'a,,b', 'A', 'a,a', 'a_b'])('refuse ACCOUNTS=%j', (value) => {
    const problems = problemsOf({ ACCOUNTS_FILE: 'a.json', ACCOUNTS: value });
    expect(problems).toEqual(value === '' ? [] : [expect.stringMatching(/^ACCOUNTS: must be names/)]);
  });

  it('have no braces in the prefixes where each account has a hash tag', () => {
    const cluster = { ACCOUNTS_FILE: 'a.json', REDIS_CLUSTER_NODES: 'a:7000' };
    expect(problemsOf(cluster)).toEqual([]);
    expect(problemsOf({ ...cluster, QUEUE_PREFIX: '{bull}' })).toEqual([
      expect.stringMatching(/^QUEUE_PREFIX: .*no braces/),
    ]);
    expect(problemsOf({ ...cluster, KEY_PREFIX: '{fax}:' })).toEqual([
      expect.stringMatching(/^KEY_PREFIX: .*no braces/),
    ]);
  });

  it('have callbacks on a port of their own', () => {
    const callbacks = { ...KEY, CALLBACK_SECRET: 'sixteen-or-more-chars', CALLBACK_PORT: '4000' };
    expect(problemsOf({ ...callbacks, DASHBOARD_PORT: '4000' })).toEqual([expect.stringMatching(/^CALLBACK_PORT: /)]);
    expect(problemsOf({ ...callbacks, DASHBOARD_PORT: '4001' })).toEqual([]);
  });

  it('leave the secret of callbacks to each account', () => {
    expect(problemsOf({ ...KEY, CALLBACK_PORT: '1' })).toEqual([expect.stringMatching(/^CALLBACK_SECRET: /)]);
    expect(problemsOf({ ACCOUNTS_FILE: 'a.json', CALLBACK_PORT: '1' })).toEqual([]);
  });

  it.each([
    ['DASHBOARD_PASSWORD', { DASHBOARD_HOST: '0.0.0.0' }],
    ['DASHBOARD_PASSWORD', { DASHBOARD_HOST: '0.0.0.0', DASHBOARD_PASSWORD: 'seven77' }],
    ['REDIS_SENTINEL_NAME', { REDIS_SENTINELS: 'a:26379' }],
    ['QUEUE_PREFIX', { REDIS_CLUSTER_NODES: 'a:7000', KEY_PREFIX: '{fax}:' }],
    ['KEY_PREFIX', { REDIS_CLUSTER_NODES: 'a:7000', QUEUE_PREFIX: '{bull}' }],
    [
      'REDIS_SENTINELS',
      {
        REDIS_CLUSTER_NODES: 'a:7000',
        QUEUE_PREFIX: '{b}',
        KEY_PREFIX: '{f}',
        REDIS_SENTINELS: 'a:1',
        REDIS_SENTINEL_NAME: 'm',
      },
    ],
  ])('ask for %s where others make it necessary', (name, env) => {
    expect(problemsOf({ ...KEY, ...env })).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
  });

  it('need no password on a loopback address or without a port', () => {
    expect(problemsOf({ ...KEY, DASHBOARD_HOST: '::1' })).toEqual([]);
    expect(problemsOf({ ...KEY, DASHBOARD_HOST: '0.0.0.0', DASHBOARD_PORT: '0' })).toEqual([]);
    expect(
      problemsOf({ ...KEY, DASHBOARD_HOST: '0.0.0.0', DASHBOARD_PASSWORD: 'eight888', DASHBOARD_READ_ONLY: 'true' }),
    ).toEqual([]);
  });

  it('take http for a loopback API', () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      expect(problemsOf({ ...KEY, FAX_API_BASE_URL: `http://${host}:3001/api/v2` })).toEqual([]);
    }
  });

  it('report every wrong variable at once, and no value', () => {
    const problems = problemsOf({
      FAX_API_KEY: 'se cret',
      REDIS_URL: 'http://u:hidden@h',
      WORKER_CONCURRENCY: 'x',
      DASHBOARD_PASSWORD: 'hush',
      RATE_LIMIT_MAX: 'y',
    });
    expect(problems.map((line) => line.split(':')[0])).toEqual([
      'FAX_API_KEY',
      'RATE_LIMIT_MAX',
      'WORKER_CONCURRENCY',
      'REDIS_URL',
    ]);
    expect(problems.join()).not.toMatch(/se cret|hidden|hush/);
  });

  it('say which variable is probably misspelt, after what is wrong and without its value', () => {
    expect(problemsOf({ FAX_API_KYE: 'hush' })).toEqual([
      expect.stringMatching(/^FAX_API_KEY: required/),
      'FAX_API_KYE: no such setting; did you mean FAX_API_KEY?',
    ]);
    expect(problemsOf({ ...KEY, RATE_LIMT_MAX: '5' })).toEqual([]); // a warning alone stops nothing
  });

  it('need no key for commands that do not poll', () => {
    expect(problemsOf({}, false)).toEqual([]);
    expect(problemsOf({}, true)).toEqual([expect.stringMatching(/^FAX_API_KEY: required/)]);
  });
});
