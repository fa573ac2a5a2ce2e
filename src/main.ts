import { setTimeout as sleep } from 'node:timers/promises';
import { Account } from './account.ts';
import { FleetReader } from './dashboard/fleet.ts';
import { listen } from './dashboard/listen.ts';
import { Metrics } from './dashboard/metrics.ts';
import { createServer } from './dashboard/server.ts';
import type { ClassificationRule } from './fax-api/classification-rules.ts';
import type { Log } from './log/log.ts';
import { connectRedis } from './redis/connect.ts';
import { warnOfLosses } from './redis/durability.ts';
import { StorageWatch } from './redis/storage-watch.ts';
import type { Settings } from './settings/table.ts';
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
  /**
   * Takes no new job, finishes those under way for up to `SHUTDOWN_TIMEOUT_MS`, then lets go of them unharmed and ends.
   */
  close(): Promise<void>;
};

const START_AGAIN_MS = 2_000;
const CLOSING_SHARE = 0.8; // of the shutdown time for jobs under way; the rest is for connections
const LETTING_GO_MS = 200; // a connection that is away cannot be closed politely
const REDIS_CLOSING_MS = 1_000; // an embedded Redis waits for its clients to leave

/**
 * The composition root: builds the parts of the service from its settings, starts them in order and stops them in
 * reverse. If the start fails, what has been started is stopped.
 *
 * @throws Node's error if the dashboard cannot listen, such as `EADDRINUSE`
 */
export async function startService(
  settings: Settings,
  rules: readonly ClassificationRule[],
  roles: Roles,
  log: Log,
): Promise<Service> {
  const started = new Stops(settings.SHUTDOWN_TIMEOUT_MS * CLOSING_SHARE);
  try {
    const address = await startParts(started, settings, rules, roles, log);
    return {
      address,
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

/** @returns where the service listens */
async function startParts(
  started: Stops,
  settings: Settings,
  rules: readonly ClassificationRule[],
  roles: Roles,
  log: Log,
): Promise<string | undefined> {
  const connection = await connectRedis(settings, log);
  const redis = connection.client;
  started.deferWithin(REDIS_CLOSING_MS, () => connection.close());
  const tracing = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    ? await startTracing(settings.OTEL_EXPORTER_OTLP_ENDPOINT, log)
    : undefined;
  const metrics = new Metrics(settings.LOW_BALANCE_THRESHOLD);
  const patienceMs = settings.SHUTDOWN_TIMEOUT_MS * CLOSING_SHARE;
  const parts = { redis, rules, observer: metrics, telemetry: tracing?.telemetry, log };
  const account = new Account(parts, settings, patienceMs);
  started.deferWithin(LETTING_GO_MS, () => account.close());
  if (tracing) started.defer(() => tracing.close());

  const { keys, queue, limit, brake, inFlight, model, chooser } = account;
  const storage = new StorageWatch(redis, keys, log);
  const fleet = new FleetReader({ queue, redis, keys, inFlight, limit, brake });
  const ownKeyRefused = (): boolean => account.ownKeyRefused;
  const shown = { name: queue.name, queue, redis, keys, model, fleet, storage, ownKeyRefused, settings };
  const server = await createServer({
    fleet,
    metrics,
    model,
    chooser,
    storage,
    ownKeyRefused,
    idleMs: () => (roles.worker ? account.idleMs : undefined),
    board: roles.board ? queue : undefined,
    overview: [shown],
    settings,
  });
  started.defer(() => server.close());
  // Health answers before Redis does: while it is away, readiness says so.
  const address = await listen(server, settings, roles.board, log);

  const stopping = new AbortController();
  const begin = async (): Promise<void> => {
    if (settings.REDIS_URL !== 'embedded') await warnOfLosses(redis, log);
    if (!roles.worker) return; // a dashboard sets no pace: its settings are not those of the workers
    storage.start();
    await account.start();
  };
  const begun = untilItSucceeds(begin, stopping.signal, log);
  started.deferWithin(settings.SHUTDOWN_TIMEOUT_MS, () => account.stop()); // which ends by itself, sooner
  started.defer(() => begun);
  started.defer(() => {
    stopping.abort();
    storage.stop();
  });
  return address;
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
