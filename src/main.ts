import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, type Worker } from 'bullmq';
import type { FastifyInstance } from 'fastify';
import type { AddressInfo } from 'node:net';
import { AlertDesk } from './alerts/alert-desk.ts';
import { BalanceWatch } from './alerts/balance.ts';
import { Wordings } from './alerts/wordings.ts';
import type { Settings } from './settings/table.ts';
import { FleetReader } from './dashboard/fleet.ts';
import { Metrics } from './dashboard/metrics.ts';
import { createServer } from './dashboard/server.ts';
import type { ClassificationRule } from './fax-api/classification-rules.ts';
import { classify } from './fax-api/classify.ts';
import { FaxApiClient } from './fax-api/client.ts';
import { HistoryClient } from './fax-api/history-client.ts';
import { HistoryRecord } from './hints/history-record.ts';
import { Hints } from './hints/hints.ts';
import { Sweeper } from './hints/sweeper.ts';
import { keysOf } from './contract/keys.ts';
import type { Log } from './log/log.ts';
import { AnswerRecord } from './limit/answer-record.ts';
import { Chooser } from './schedule/chooser.ts';
import { Brake } from './limit/brake.ts';
import { RateLimit } from './limit/rate-limit.ts';
import { ModelStore } from './schedule/model-store.ts';
import { InFlight } from './schedule/in-flight.ts';
import { ClaimGate } from './polling/claim.ts';
import { FleetSignals } from './polling/signals.ts';
import { Notes } from './polling/notes.ts';
import { OwnKey } from './limit/own-key.ts';
import { Poller } from './polling/poll.ts';
import { createWorker } from './polling/worker.ts';
import { warnOfLosses } from './redis/durability.ts';
import { RedisClock } from './redis/clock.ts';
import { connectRedis, type RedisConnection } from './redis/connect.ts';
import { StorageWatch } from './redis/storage-watch.ts';
import { ResultStore } from './polling/result-store.ts';
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

const EVENTS_KEPT = 1_000; // of BullMQ's own event stream, which nothing here reads; each poll writes a few
const START_AGAIN_MS = 2_000;
const CLOSING_SHARE = 0.8; // of the shutdown time for jobs under way; the rest is for connections

/**
 * The composition root: builds the parts of the service from its settings, starts them in order and stops them in
 * reverse.
 */
export async function startService(
  settings: Settings,
  rules: readonly ClassificationRule[],
  roles: Roles,
  log: Log,
): Promise<Service> {
  const redis = await connectRedis(settings, log);
  const keys = keysOf(settings.KEY_PREFIX);
  const queue = new Queue(settings.QUEUE_NAME, {
    connection: redis.client,
    prefix: settings.QUEUE_PREFIX,
    streams: { events: { maxLen: EVENTS_KEPT } },
  });
  queue.on('error', (error) => log.debug({ reason: error.message }, 'queue: will try again'));
  const alerts = new AlertDesk(redis.client, keys, log);
  const clock = new RedisClock();
  const limit = new RateLimit({ queue, redis: redis.client, keys, clock, log }, settings);
  const brake = new Brake({ redis: redis.client, keys, limit, alerts }, settings);
  const model = new ModelStore(redis.client, keys);
  const inFlight = new InFlight(redis.client, keys);
  const chooser = new Chooser({ queue, redis: redis.client, inFlight, limit, model, settings, log });
  const storage = new StorageWatch(redis.client, keys, log);
  const key = new OwnKey(log);
  const metrics = new Metrics(settings.LOW_BALANCE_THRESHOLD);
  const tracing = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    ? await startTracing(settings.OTEL_EXPORTER_OTLP_ENDPOINT, log)
    : undefined;

  let lastWorkAt = performance.now();
  const server = await createServer({
    fleet: new FleetReader({ queue, redis: redis.client, keys, inFlight, limit, brake }),
    metrics,
    model,
    chooser,
    storage,
    ownKeyRefused: () => key.refused,
    idleMs: () => (roles.worker ? performance.now() - lastWorkAt : undefined),
    board: roles.board ? queue : undefined,
    settings,
  });
  // Health answers before Redis does: while it is away, readiness says so.
  const address = await listen(server, settings, roles, log).catch(async (error: unknown) => {
    await redis.close();
    throw error;
  });

  let worker: Worker | undefined;
  let api: FaxApiClient | undefined;
  let history: HistoryClient | undefined;
  let sweeper: Sweeper | undefined;
  const begin = async (): Promise<void> => {
    if (settings.REDIS_URL !== 'embedded') await warnOfLosses(redis.client, log);
    if (!roles.worker) return; // a dashboard sets no pace: its settings are not those of the workers
    storage.start();
    await limit.start();
    const wordings = new Wordings(redis.client, keys, alerts);
    await wordings.resolveKnown(rules);
    await chooser.start();
    const client = new FaxApiClient(settings);
    api = client;
    const parts = { queue, redis: redis.client, keys, clock, limit, alerts };
    const answers = new AnswerRecord(parts);
    const balance = new BalanceWatch(parts, settings.LOW_BALANCE_THRESHOLD);
    const record = new HistoryRecord(redis.client, keys);
    const hints = new Hints({ redis: redis.client, keys, record, observer: metrics, onWatched: () => chooser.next() });
    const poller = new Poller(
      {
        gate: new ClaimGate(parts, settings),
        clock,
        async ask(faxId) {
          const answer = await client.status(faxId);
          return { answer, verdict: classify(answer, rules) };
        },
        signals: new FleetSignals({ brake, limit, clock, answers, key, wordings, balance }),
        chooser,
        hints,
        results: new ResultStore(redis.client, keys, settings),
        notes: new Notes(redis.client, log),
        observer: metrics,
      },
      settings,
    );
    worker = createWorker(
      queue,
      redis.client,
      (job, token) => {
        lastWorkAt = performance.now();
        return poller.process(job, token ?? '');
      },
      settings,
      log,
      tracing?.telemetry,
    );
    key.attach(worker);
    worker.on('drained', () => chooser.next());
    if (settings.HISTORY_SWEEP === 'auto') {
      const list = new HistoryClient(settings);
      history = list;
      const ask = async (page: number) => list.page(page);
      sweeper = new Sweeper({ ...parts, chooser, hints, record, rules, ask, observer: metrics, log }, settings);
      sweeper.start();
    }
    worker.run().catch((err: unknown) => log.error({ err }, 'worker stopped'));
    log.info({ queue: queue.name, concurrency: settings.WORKER_CONCURRENCY }, 'worker started');
  };
  const stopping = new AbortController();
  const begun = untilItSucceeds(begin, stopping.signal, log);

  return {
    address,
    async close() {
      stopping.abort();
      key.close();
      storage.stop();
      const deadline = AbortSignal.timeout(settings.SHUTDOWN_TIMEOUT_MS * CLOSING_SHARE);
      await stopWithin(deadline, async () => {
        await begun;
        await worker?.close();
      });
      await history?.close(); // a sweep under way ends with it
      await stopWithin(deadline, async () => sweeper?.stop());
      await stopWithin(deadline, () => limit.stop());
      if (roles.worker) await stopWithin(deadline, () => chooser.stop());
      await api?.close();
      await stopWithin(deadline, () => server.close());
      if (tracing) await stopWithin(deadline, () => tracing.close());
      await closeQuietly(queue, worker, redis);
      log.info('stopped');
    },
  };
}

async function listen(
  server: FastifyInstance,
  settings: Settings,
  roles: Roles,
  log: Log,
): Promise<string | undefined> {
  if (settings.DASHBOARD_PORT === 0) return undefined;
  try {
    await server.listen({ host: settings.DASHBOARD_HOST, port: settings.DASHBOARD_PORT });
  } catch (error) {
    // Several workers of one machine share the settings: the first serves health and metrics, the dashboard needs its
    // port.
    if (roles.board || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    log.warn(
      { port: settings.DASHBOARD_PORT },
      'port taken: this worker serves no health and no metrics; set DASHBOARD_PORT, 0 for none',
    );
    return undefined;
  }
  const { address, port, family } = server.server.address() as AddressInfo;
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  log.info({ url: roles.board ? `${url}/queues` : `${url}/healthz` }, roles.board ? 'dashboard' : 'health and metrics');
  return url;
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

/** Waits for a step of the shutdown, but no longer than the deadline. */
async function stopWithin(deadline: AbortSignal, step: () => Promise<unknown>): Promise<void> {
  if (deadline.aborted) return;
  const late = new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true }));
  await Promise.race([step().catch(() => undefined), late]);
}

/** A connection that is away cannot be closed politely; what remains of the jobs is taken over by another worker. */
async function closeQuietly(queue: Queue, worker: Worker | undefined, redis: RedisConnection): Promise<void> {
  const force = worker?.close(true);
  await Promise.race([Promise.allSettled([force, queue.close()]), sleep(500, undefined, { ref: false })]);
  await redis.close();
}
