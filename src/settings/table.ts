import {
  apiUrl,
  flag,
  hostPorts,
  httpUrl,
  integer,
  names,
  number,
  oneOf,
  optionalText,
  redisUrl,
  text,
} from './formats.ts';
import { ACCOUNT_NAME } from '../contract/space.ts';
import type { Setting } from './setting.ts';

const noColon = { pattern: /^[^:\s]+$/, wanted: 'must be text without ":"' };

/**
 * Every setting of the service. A setting has one name: that of its environment variable, which is also its key in
 * `config/<NODE_ENV>.json`. Times are in ms unless the name says seconds. `npm run docs:settings` writes the README's
 * table and `.env.example` from this.
 */
export const SETTINGS = {
  FAX_API_KEY: text('', {
    pattern: /^([\x21-\x7e]{1,512})?$/,
    wanted: 'must be 1 to 512 characters without spaces',
    secret: 'whole',
    doc:
      'required, here, in `FAX_API_KEY_FILE` or in `ACCOUNTS_FILE`: the key from the Fax.to dashboard; in no log, ' +
      'job, key, metric, error or page',
  }),
  FAX_API_KEY_FILE: optionalText({
    doc: 'instead of `FAX_API_KEY`: a file whose first line is the key, read again when it changes',
  }),
  ACCOUNTS_FILE: optionalText({
    doc: 'instead of `FAX_API_KEY`: a JSON file of accounts, each with a key of its own (docs/accounts.md)',
  }),
  ACCOUNTS: names(null, ACCOUNT_NAME, {
    doc: 'names from `ACCOUNTS_FILE`, as `a,b`: only these are served',
  }),
  FAX_API_BASE_URL: apiUrl('https://fax.to/api/v2', { doc: 'https, unless the host is loopback' }),
  FAX_API_METHOD: oneOf('GET', ['GET', 'POST'], {
    doc: '`POST` sends the key in a form body, which keeps it out of URLs',
  }),
  FAX_API_TIMEOUT_MS: integer(10_000, { min: 1, doc: 'time-out of a whole request' }),
  CLASSIFICATION_FILE: optionalText({ doc: 'a file with more wordings' }),
  RATE_LIMIT_MAX: integer(60, {
    min: 1,
    max: 1_000_000,
    doc:
      'requests that the key may make, by all workers together; Fax.to publishes no figure: ask them, or stay ' +
      'careful',
  }),
  RATE_LIMIT_DURATION_MS: integer(60_000, { min: 1, doc: 'the window of that limit' }),
  RATE_LIMIT_HEADROOM: number(0.05, { min: 0, max: 0.9, doc: 'the share of the limit left to others' }),
  POLL_MIN_INTERVAL_MS: integer(5_000, { min: 1, doc: 'the least time between two polls of one fax' }),
  POLL_MAX_INTERVAL_MS: integer(300_000, {
    min: 1,
    doc: 'the greatest; it gives way, evenly, where the pace cannot carry it',
  }),
  POLL_DEADLINE_MS: integer(86_400_000, { min: 1, doc: 'since enqueue; a fax not final by then is `expired`' }),
  NOT_FOUND_GRACE_MS: integer(300_000, { min: 0, doc: 'since enqueue; a 404 after it makes a fax `not_found`' }),
  WORKER_CONCURRENCY: integer(50, { min: 1, max: 10_000, doc: 'requests under way in one worker' }),
  REDIS_URL: redisUrl('redis://127.0.0.1:6379', {
    secret: 'password',
    doc: '`rediss://` for TLS; `embedded` starts one in process, for trying only',
  }),
  REDIS_CLUSTER_NODES: hostPorts(null, {
    doc: '`host:port,host:port`; with `QUEUE_PREFIX={bull}` and `KEY_PREFIX={fax}:`',
  }),
  REDIS_SENTINELS: hostPorts(null, { doc: '`host:port,host:port`; with `REDIS_SENTINEL_NAME`' }),
  REDIS_SENTINEL_NAME: optionalText({ doc: "the master's name" }),
  QUEUE_NAME: text('fax-status', { ...noColon, doc: 'the BullMQ queue' }),
  QUEUE_PREFIX: text('bull', { doc: "BullMQ's own prefix" }),
  KEY_PREFIX: text('fax:', { doc: 'of every key and channel outside the queue' }),
  RESULT_TTL_SECONDS: integer(2_592_000, { min: 1, doc: 'how long a result is kept' }),
  EVENTS_STREAM_MAXLEN: integer(100_000, { min: 1, doc: 'about how many events the stream keeps' }),
  LOCK_DURATION_MS: integer(30_000, { min: 100, doc: "how soon a dead worker's faxes move on" }),
  STALLED_INTERVAL_MS: integer(30_000, { min: 100, doc: 'how often dead workers are looked for' }),
  DASHBOARD_HOST: text('127.0.0.1', { doc: 'another host than loopback requires the password' }),
  DASHBOARD_PORT: integer(3_000, { min: 0, max: 65_535, doc: '0: no dashboard, health or metrics' }),
  DASHBOARD_USERNAME: text('admin', {
    ...noColon,
    doc: 'HTTP Basic on every page but `/healthz`, `/readyz`, `/metrics`',
  }),
  DASHBOARD_PASSWORD: optionalText({
    secret: 'whole',
    doc:
      'without it only a loopback `Host` is answered on these pages; 8 characters or more on another host than ' +
      'loopback, and required for Docker Compose',
  }),
  DASHBOARD_READ_ONLY: flag(false, { doc: '`true`: the dashboard shows, and changes nothing' }),
  HISTORY_SWEEP: oneOf('off', ['off', 'auto'], {
    doc: "`auto`: learns from Fax.to's list of faxes which of them to poll next",
  }),
  HISTORY_PAGE_SIZE: integer(100, {
    min: 2,
    max: 1_000,
    doc: 'entries of that list asked for at once; fewer may come',
  }),
  CALLBACK_HOST: text('127.0.0.1', {
    doc: 'where callbacks of Fax.to are taken, by http: put a proxy with TLS in front',
  }),
  CALLBACK_PORT: integer(0, { min: 0, max: 65_535, doc: '0: none are taken' }),
  CALLBACK_SECRET: optionalText({
    pattern: /^[A-Za-z0-9_-]{16,128}$/,
    wanted: 'must be 16 to 128 characters of A-Z a-z 0-9 _ -',
    secret: 'whole',
    doc: 'required with `CALLBACK_PORT`: the last part of the URL, 16 to 128 characters of `A-Z a-z 0-9 _ -`',
  }),
  LOW_BALANCE_THRESHOLD: number(null, { doc: 'alert when the balance is below it' }),
  LOG_LEVEL: oneOf('info', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    doc: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl(null, {
    secret: 'password',
    doc: 'base URL of an OpenTelemetry collector (OTLP over HTTP, such as `http://127.0.0.1:4318`): turns traces on',
  }),
  SHUTDOWN_TIMEOUT_MS: integer(15_000, {
    min: 1,
    doc: 'the time that jobs under way have to finish at SIGTERM and SIGINT',
  }),
};

type Table = typeof SETTINGS;
export type SettingName = keyof Table;

/** The value of every setting. */
export type Settings = {
  readonly [Name in SettingName]: Table[Name] extends Setting<infer T> ? T : never;
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
