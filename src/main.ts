import { setTimeout as sleep } from 'node:timers/promises';
import type { Account } from './account.ts';
import { Accounts } from './accounts/accounts.ts';
import { warnOfLeftBehind } from './accounts/left-behind.ts';
import { hintsBySecret } from './accounts/hints-by-secret.ts';
import { KeyFileWatch } from './accounts/key-file-watch.ts';
import { keysOf, type Keys } from './contract/keys.ts';
import { spaceOf } from './contract/space.ts';
import { listen as listenForCallbacks } from './callback/listen.ts';
import { createCallbackServer } from './callback/server.ts';
import { FleetReader } from './dashboard/fleet.ts';
import { listen } from './dashboard/listen.ts';
import { Metrics } from './dashboard/metrics.ts';
import { createServer, type AccountView } from './dashboard/server.ts';
import type { ClassificationRule } from './fax-api/classification-rules.ts';
import type { Log } from './log/log.ts';
import { connectRedis } from './redis/connect.ts';
import { warnOfLosses } from './redis/durability.ts';
import type { RedisClient } from './redis/redis-client.ts';
import { StorageWatch } from './redis/storage-watch.ts';
import { settingsInForce } from './settings/in-force.ts';
import { secretsOf } from './settings/secrets.ts';
import type { Settings } from './settings/table.ts';
import { VERSION } from './settings/version.ts';
import { Stops } from './timing/stops.ts';
import { startTracing } from './tracing.ts';

/**
 * Which parts of the service a process runs. The HTTP port is health and metrics, and with `board` the dashboard too.
 */
export type Roles = { readonly worker: boolean; readonly board: boolean };

/** A service that runs. */
export type Service = {
  /** Where it listens, such as `http://127.0.0.1:3000`; undefined if it does not. */
  readonly address: string | undefined;
  /** Reads the file with the keys now; a file that is wrong changes nothing. */
  readKeys(): Promise<void>;
  /**
   * Takes no new job, finishes those under way for up to `SHUTDOWN_TIMEOUT_MS`, then lets go of them unharmed and ends.
   */
  close(): Promise<void>;
};

const NO_ACCOUNT = '-'; // no account can have that name
const START_AGAIN_MS = 2_000;
const CLOSING_SHARE = 0.8; // of the shutdown time for jobs under way; the rest is for connections
const LETTING_GO_MS = 200; // a connection that is away cannot be closed politely
const CALLBACKS_CLOSING_MS = 1_000; // a callback under way is answered meanwhile
const REDIS_CLOSING_MS = 1_000; // an embedded Redis waits for its clients to leave

/**
 * The composition root: builds the parts of the service from its settings, starts them in order and stops them in
 * reverse. If the start fails, what has been started is stopped.
 *
 * @param hide gets the secrets that are read from a file, now and later, before they are used
 * @throws SettingsError if the file with the keys is wrong
 * @throws Node's error if a server cannot listen, such as `EADDRINUSE`
 */
export async function startService(
  settings: Settings,
  rules: readonly ClassificationRule[],
  roles: Roles,
  log: Log,
  hide: (secrets: readonly string[]) => void = () => undefined,
): Promise<Service> {
  const started = new Stops(settings.SHUTDOWN_TIMEOUT_MS * CLOSING_SHARE);
  try {
    const parts = await startParts(started, settings, rules, roles, log, hide);
    return {
      ...parts,
      async close() {
        await started[Symbol.asyncDispose]();
        log.info('stopped');
      },
    };
  } catch (error) {
    await started[Symbol.asyncDispose]();
    throw error;
  }
}

async function startParts(
  started: Stops,
  settings: Settings,
  rules: readonly ClassificationRule[],
  roles: Roles,
  log: Log,
  hide: (secrets: readonly string[]) => void,
): Promise<Omit<Service, 'close'>> {
  const connection = await connectRedis(settings, log);
  const redis = connection.client;
  started.deferWithin(REDIS_CLOSING_MS, () => connection.close());
  const tracing = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    ? await startTracing(settings.OTEL_EXPORTER_OTLP_ENDPOINT, log)
    : undefined;
  const metrics = new Metrics(settings.ACCOUNTS_FILE !== null);
  const observerOf = metrics.of.bind(metrics);
  const patienceMs = settings.SHUTDOWN_TIMEOUT_MS * CLOSING_SHARE;
  const parts = { redis, rules, observerOf, telemetry: tracing?.telemetry, log };
  const accounts = new Accounts(parts, roles.worker, patienceMs, (name) => metrics.forget(name));
  started.deferWithin(LETTING_GO_MS, () => accounts.close());
  if (tracing) started.defer(() => tracing.close());
  const keyFile = new KeyFileWatch(
    roles.worker ? settings : { ...settings, FAX_API_KEY_FILE: null }, // a dashboard needs no key
    async ({ accounts: served }) => {
      hide([...served.values()].flatMap(secretsOf));
      for (const [name, { LOW_BALANCE_THRESHOLD }] of served) metrics.lowBalance(name, LOW_BALANCE_THRESHOLD);
      await accounts.serve(served);
    },
    log,
  );
  await keyFile.first();
  if (roles.worker) {
    const ofFile = settings.ACCOUNTS_FILE !== null && { accounts: accounts.all.length };
    log.info({ version: VERSION, ...settingsInForce(settings), ...ofFile }, 'starting');
  }
  if (settings.ACCOUNTS_FILE === null) observerOf(undefined, settings.LOW_BALANCE_THRESHOLD);

  const storage = new StorageWatch(redis, storageKeys(settings), log);
  const viewOf = views(redis, storage, roles.worker, log);
  const server = await createServer({
    awake: () => accounts.awake.map(viewOf),
    all: () => [...new Set([...accounts.awake, ...accounts.all])].map(viewOf),
    queues: () => accounts.queues,
    redis,
    metrics,
    storage,
    keyFileValid: () => keyFile.valid,
    board: roles.board,
    settings,
  });
  started.defer(() => server.close());
  // Health answers before Redis does: while it is away, readiness says so.
  const address = await listen(server, settings, roles.board, log);

  const stopping = new AbortController();
  const begin = async (): Promise<void> => {
    if (settings.REDIS_URL !== 'embedded') await warnOfLosses(redis, log);
    // On a cluster that queue had a prefix of its own, which is not known here.
    if (roles.worker && settings.ACCOUNTS_FILE !== null && !redis.isCluster)
      await warnOfLeftBehind(redis, settings, log);
    if (roles.worker) storage.start();
    await accounts.start(); // in a dashboard no account polls or sets a pace: its settings are not those of the workers
  };
  const begun = untilItSucceeds(begin, stopping.signal, log);
  started.defer(() => storage.stop());
  started.deferWithin(settings.SHUTDOWN_TIMEOUT_MS, () => accounts.stop()); // which ends by itself, sooner
  started.defer(() => begun);
  keyFile.start();
  started.defer(() => {
    keyFile.stop();
    stopping.abort();
  });
  if (roles.worker) await startCallbacks(started, settings, accounts, redis, log);
  return { address, readKeys: () => keyFile.read() };
}

async function startCallbacks(
  started: Stops,
  settings: Settings,
  accounts: Accounts,
  redis: RedisClient,
  log: Log,
): Promise<void> {
  if (settings.CALLBACK_PORT === 0) return;
  const server = await createCallbackServer({
    hintsOf: hintsBySecret(accounts),
    redisReady: () => redis.status === 'ready',
  });
  started.deferWithin(CALLBACKS_CLOSING_MS, () => server.close());
  const tries = await listenForCallbacks(server, settings, log);
  started.defer(() => tries[Symbol.dispose]());
}

/** What HTTP shows of each account, made when it is first shown. */
function views(redis: RedisClient, all: StorageWatch, polls: boolean, log: Log): (account: Account) => AccountView {
  const made = new WeakMap<Account, AccountView>();
  return (account) => {
    const known = made.get(account);
    if (known) return known;
    const { name, queue, keys, inFlight, limit, brake, model, chooser, settings } = account;
    const fleet = new FleetReader({ queue, redis, keys, inFlight, limit, brake });
    const storage = name === undefined ? all : new StorageWatch(redis, keys, log.child({ account: name }));
    const ownKeyRefused = (): boolean => account.ownKeyRefused;
    const view = {
      name,
      fleet,
      model,
      chooser,
      ownKeyRefused,
      idleMs: () => (polls ? account.idleMs : undefined),
      shown: { name, queue, redis, keys, model, fleet, storage, ownKeyRefused, settings },
    };
    made.set(account, view);
    return view;
  };
}

/**
 * Where it is tried whether results can be stored at all. With accounts in a space of none of them: what is wrong with
 * the keys of one says nothing of the others.
 */
function storageKeys({ QUEUE_NAME, QUEUE_PREFIX, KEY_PREFIX, ...settings }: Settings): Keys {
  if (settings.ACCOUNTS_FILE === null) return keysOf(KEY_PREFIX);
  const whole = { queueName: QUEUE_NAME, queuePrefix: QUEUE_PREFIX, keyPrefix: KEY_PREFIX };
  return keysOf(spaceOf(whole, NO_ACCOUNT, settings.REDIS_CLUSTER_NODES !== null).keyPrefix);
}

/** Starts in spite of what Redis refuses at first: it may be short of memory, or between two masters. */
async function untilItSucceeds(step: () => Promise<void>, stop: AbortSignal, log: Log): Promise<void> {
  while (!stop.aborted) {
    try {
      await step();
      return;
    } catch (err) {
      log.error({ err }, 'start failed: trying again');
    }
    await sleep(START_AGAIN_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}
