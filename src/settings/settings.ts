import { existsSync, readFileSync } from 'node:fs';
import convict from 'convict';
import { isLoopback } from './loopback.ts';

/**
 * Every setting of the service (contract §4), read by `loadSettings` and nowhere else.
 * A setting has one name: that of its environment variable, which is also its key in `config/<NODE_ENV>.json`.
 * Times are in ms unless the name says seconds.
 */
export type Settings = Readonly<{
  FAX_API_KEY: string;
  FAX_API_BASE_URL: string;
  FAX_API_METHOD: 'GET' | 'POST';
  FAX_API_TIMEOUT_MS: number;
  CLASSIFICATION_FILE: string | null;
  RATE_LIMIT_MAX: number;
  RATE_LIMIT_DURATION_MS: number;
  RATE_LIMIT_HEADROOM: number;
  POLL_MIN_INTERVAL_MS: number;
  POLL_MAX_INTERVAL_MS: number;
  POLL_DEADLINE_MS: number;
  NOT_FOUND_GRACE_MS: number;
  WORKER_CONCURRENCY: number;
  REDIS_URL: string;
  REDIS_CLUSTER_NODES: readonly HostPort[] | null;
  REDIS_SENTINELS: readonly HostPort[] | null;
  REDIS_SENTINEL_NAME: string | null;
  QUEUE_NAME: string;
  QUEUE_PREFIX: string;
  KEY_PREFIX: string;
  RESULT_TTL_SECONDS: number;
  EVENTS_STREAM_MAXLEN: number;
  LOCK_DURATION_MS: number;
  STALLED_INTERVAL_MS: number;
  DASHBOARD_HOST: string;
  DASHBOARD_PORT: number;
  DASHBOARD_USERNAME: string;
  DASHBOARD_PASSWORD: string | null;
  DASHBOARD_READ_ONLY: boolean;
  LOW_BALANCE_THRESHOLD: number | null;
  LOG_LEVEL: string;
  OTEL_EXPORTER_OTLP_ENDPOINT: string | null;
  SHUTDOWN_TIMEOUT_MS: number;
}>;

export type HostPort = Readonly<{ host: string; port: number }>;

/**
 * Wrong settings: one line per variable in `problems`, none with a secret's value. The process ends with exit code 78.
 */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'ERR_SETTINGS';
  readonly exitCode = 78; // EX_CONFIG of sysexits(3)
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const PUBLIC_PASSWORD_CHARS = 8; // NIST SP 800-63B, 5.1.1.1
const MAX_TIMER_MS = 2 ** 31 - 1; // the longest time that setTimeout takes

// convict's own int and nat formats coerce with parseInt, which takes "12abc" for 12: these take the whole text or
// nothing.
const asNumber = (value: unknown): unknown =>
  typeof value === 'string' && value.trim() !== '' ? Number(value) : value;

type Check = (value: unknown) => boolean;
const format = (name: string, wanted: string, ok: Check, coerce: (value: unknown) => unknown = (v) => v): string => {
  convict.addFormat({
    name,
    coerce,
    validate(value: unknown) {
      if (!ok(value)) throw new Error(wanted);
    },
  });
  return name;
};
const integer = (min: number, max: number = MAX_TIMER_MS): string =>
  format(
    `integer ${min}..${max}`,
    `must be a whole number from ${min} to ${max}`,
    (v) => Number.isSafeInteger(v) && (v as number) >= min && (v as number) <= max,
    asNumber,
  );
const text = (name: string, wanted: string, pattern: RegExp): string =>
  format(name, wanted, (v) => typeof v === 'string' && pattern.test(v));
const optional = (inner: string, wanted: string, ok: Check, coerce?: (value: unknown) => unknown): string =>
  format(`optional ${inner}`, wanted, (v) => v === null || ok(v), coerce);

const hostPorts = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  return value.split(',').map((node) => {
    const { host, port } = /^\s*(?<host>\[[^\]]+\]|[^:\s]+):(?<port>\d{1,5})\s*$/.exec(node)?.groups ?? {};
    return { host: host?.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
};
const areHostPorts: Check = (value) =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every(
    (node: Partial<HostPort>) => typeof node.host === 'string' && Number(node.port) > 0 && Number(node.port) < 65_536,
  );

const parseUrl = (value: unknown): URL | undefined =>
  typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
const isApiUrl: Check = (value) => {
  const url = parseUrl(value);
  if (!url || url.username || url.password || url.search || url.hash) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
};
const isRedisUrl: Check = (value) =>
  value === 'embedded' || ['redis:', 'rediss:'].includes(parseUrl(value)?.protocol ?? '');

const ms = { natural: integer(1), orNone: integer(0) };
const hosts = optional('host:port list', 'must be host:port,host:port', areHostPorts, hostPorts);
const nonEmpty = text('text', 'must not be empty', /\S/);
const optionalText = optional('text', 'must be text', (v) => typeof v === 'string' && v !== '');

const schema = {
  FAX_API_KEY: {
    default: '',
    sensitive: true,
    format: text('api key', 'must be 1 to 512 characters without spaces', /^([\x21-\x7e]{1,512})?$/),
  },
  FAX_API_BASE_URL: {
    default: 'https://fax.to/api/v2',
    sensitive: true, // somebody may have put credentials in it
    format: format('api url', 'must be an https URL (http only on loopback) without credentials or query', isApiUrl),
  },
  FAX_API_METHOD: {
    default: 'GET',
    format: format('GET or POST', 'must be GET or POST', (v) => v === 'GET' || v === 'POST'),
  },
  FAX_API_TIMEOUT_MS: { default: 10_000, format: ms.natural },
  CLASSIFICATION_FILE: { default: null, format: optionalText },
  RATE_LIMIT_MAX: { default: 60, format: integer(1, 1_000_000) },
  RATE_LIMIT_DURATION_MS: { default: 60_000, format: ms.natural },
  RATE_LIMIT_HEADROOM: {
    default: 0.05,
    format: format(
      'share',
      'must be a number from 0 to 0.9',
      (v) => typeof v === 'number' && v >= 0 && v <= 0.9,
      asNumber,
    ),
  },
  POLL_MIN_INTERVAL_MS: { default: 5_000, format: ms.natural },
  POLL_MAX_INTERVAL_MS: { default: 300_000, format: ms.natural },
  POLL_DEADLINE_MS: { default: 86_400_000, format: ms.natural },
  NOT_FOUND_GRACE_MS: { default: 300_000, format: ms.orNone },
  WORKER_CONCURRENCY: { default: 50, format: integer(1, 10_000) },
  REDIS_URL: {
    default: 'redis://127.0.0.1:6379',
    sensitive: true,
    format: format('redis url', 'must be a redis:// or rediss:// URL, or embedded', isRedisUrl),
  },
  REDIS_CLUSTER_NODES: { default: null as readonly HostPort[] | null, format: hosts },
  REDIS_SENTINELS: { default: null as readonly HostPort[] | null, format: hosts },
  REDIS_SENTINEL_NAME: { default: null, format: optionalText },
  QUEUE_NAME: { default: 'fax-status', format: text('queue name', 'must be text without ":"', /^[^:\s]+$/) },
  QUEUE_PREFIX: { default: 'bull', format: nonEmpty },
  KEY_PREFIX: { default: 'fax:', format: nonEmpty },
  RESULT_TTL_SECONDS: { default: 2_592_000, format: integer(1) },
  EVENTS_STREAM_MAXLEN: { default: 100_000, format: integer(1) },
  LOCK_DURATION_MS: { default: 30_000, format: integer(100) },
  STALLED_INTERVAL_MS: { default: 30_000, format: integer(100) },
  DASHBOARD_HOST: { default: '127.0.0.1', format: nonEmpty },
  DASHBOARD_PORT: { default: 3_000, format: integer(0, 65_535) },
  DASHBOARD_USERNAME: { default: 'admin', format: text('user name', 'must be text without ":"', /^[^:\s]+$/) },
  DASHBOARD_PASSWORD: {
    default: null,
    sensitive: true,
    format: optional('password', 'must be text', (v) => typeof v === 'string' && v !== ''),
  },
  DASHBOARD_READ_ONLY: {
    default: false,
    // convict's own Boolean takes "0" and "no" for true
    format: format(
      'true or false',
      'must be true or false',
      (v) => typeof v === 'boolean',
      (v) => ({ true: true, false: false })[v as string] ?? v,
    ),
  },
  LOW_BALANCE_THRESHOLD: {
    default: null,
    format: optional('number', 'must be a number', (v) => Number.isFinite(v), asNumber),
  },
  LOG_LEVEL: {
    default: 'info',
    format: format('log level', 'must be fatal, error, warn, info, debug, trace or silent', (v) =>
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].includes(v as string),
    ),
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    default: null,
    sensitive: true, // somebody may have put credentials in it
    format: optional('url', 'must be an http or https URL', (v) => /^https?:$/.test(parseUrl(v)?.protocol ?? '')),
  },
  SHUTDOWN_TIMEOUT_MS: { default: 15_000, format: ms.natural },
};
type Name = keyof typeof schema;

/**
 * Reads all settings: environment over `config/<NODE_ENV>.json` over defaults (contract §4).
 *
 * @param env the environment; an empty variable counts as unset, as Compose files pass those
 * @param needsKey whether this command polls, so that `FAX_API_KEY` is required
 * @throws SettingsError that names every wrong variable at once
 */
export function loadSettings(env: NodeJS.ProcessEnv, needsKey: boolean): Settings {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const problems: string[] = [];
  const config = convict(withEnv(), { env: set, args: [] });
  try {
    config.load(fileSettings(env['NODE_ENV']));
    config.validate({ allowed: 'strict' });
  } catch (error) {
    problems.push(...validationLines(error as Error));
  }
  const settings = config.getProperties() as unknown as Settings;
  const wrong = new Set(problems.map((line) => line.split(':')[0]));
  for (const [names, problem] of relations(settings, needsKey)) {
    if (!names.some((name) => wrong.has(name))) problems.push(`${names[0]}: ${problem}`);
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

const withEnv = (): convict.Schema<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(schema).map(([name, entry]) => [name, { ...entry, env: name }]));

function fileSettings(nodeEnv: string | undefined): Record<string, unknown> {
  const file = new URL(`../../config/${nodeEnv ?? 'default'}.json`, import.meta.url);
  if (!/^[a-z]+$/.test(nodeEnv ?? 'default') || !existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    throw new Error(`config/${nodeEnv ?? 'default'}.json: must be a JSON object`);
  }
}

// convict says "NAME: what is wanted: value was …": the value is left out, as a mistyped variable may hold a secret.
const validationLines = (error: Error): string[] =>
  error.message
    .split('\n')
    .map((line) => line.replace(/: value was.*$/, '').trim())
    .filter(Boolean);

/** What no single variable can tell: each row is the names that it is about and what is wrong. */
function* relations(s: Settings, needsKey: boolean): Generator<[names: Name[], problem: string]> {
  if (needsKey && !s.FAX_API_KEY) yield [['FAX_API_KEY'], 'required: the key from the Fax.to dashboard'];
  if (s.POLL_MIN_INTERVAL_MS > s.POLL_MAX_INTERVAL_MS) {
    yield [['POLL_MIN_INTERVAL_MS', 'POLL_MAX_INTERVAL_MS'], 'must not be over POLL_MAX_INTERVAL_MS'];
  }
  if (
    s.DASHBOARD_PORT !== 0 &&
    !isLoopback(s.DASHBOARD_HOST) &&
    (s.DASHBOARD_PASSWORD ?? '').length < PUBLIC_PASSWORD_CHARS
  ) {
    const wanted = `required when DASHBOARD_HOST is not loopback, with at least ${PUBLIC_PASSWORD_CHARS} characters`;
    yield [['DASHBOARD_PASSWORD', 'DASHBOARD_HOST', 'DASHBOARD_PORT'], wanted];
  }
  if (s.REDIS_SENTINELS && !s.REDIS_SENTINEL_NAME)
    yield [['REDIS_SENTINEL_NAME', 'REDIS_SENTINELS'], 'required with REDIS_SENTINELS'];
  if (s.REDIS_SENTINELS && s.REDIS_CLUSTER_NODES) {
    yield [['REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'], 'set either this or REDIS_CLUSTER_NODES'];
  }
  if (s.REDIS_CLUSTER_NODES) {
    for (const name of ['QUEUE_PREFIX', 'KEY_PREFIX'] as const) {
      if (!/\{[^}]+\}/.test(s[name]))
        yield [[name, 'REDIS_CLUSTER_NODES'], 'needs a hash tag on a cluster, such as {bull} or {fax}:'];
    }
  }
}
