import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import basicAuth from '@fastify/basic-auth';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { Queue } from 'bullmq';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Settings } from '../settings/table.ts';
import type { ModelStore } from '../schedule/model-store.ts';
import type { Chooser } from '../schedule/chooser.ts';
import type { StorageWatch } from '../redis/storage-watch.ts';
import type { Fleet, FleetReader } from './fleet.ts';
import { createOverview, type OverviewAccount } from '../overview/overview.ts';
import { faxIdOf } from '../redis/fax-of-job.ts';
import { jobTitle, type BoardJob } from './job-title.ts';
import { isLoopbackHost } from './loopback-host.ts';
import type { Metrics } from './metrics.ts';
import { passwordCheck } from './password.ts';
import { notReady } from './readiness.ts';

export type HttpParts = {
  readonly fleet: FleetReader;
  readonly metrics: Metrics;
  readonly model: ModelStore;
  readonly chooser: Chooser;
  readonly storage: StorageWatch;
  /** Whether the API refuses this worker's key while it accepts those of others. */
  readonly ownKeyRefused: () => boolean;
  /** Since this process last worked on a job, ms; undefined if it has no worker. */
  readonly idleMs: () => number | undefined;
  /** The queue that Bull Board shows; undefined for health and metrics alone. */
  readonly board: Queue | undefined;
  /** What the overview shows. */
  readonly overview: readonly OverviewAccount[];
  readonly settings: Pick<
    Settings,
    'DASHBOARD_HOST' | 'DASHBOARD_PORT' | 'DASHBOARD_USERNAME' | 'DASHBOARD_PASSWORD' | 'DASHBOARD_READ_ONLY'
  >;
};

const BOARD = '/queues';
// Bull Board's page asks Google for fonts, which the policy forbids, and which are none of Google's business.
const FOREIGN_FONTS = /<link href="https:\/\/fonts\.googleapis\.com\/[^>]*>/g;
const REDIS_PATIENCE_MS = 2_000;
const REQUESTS_PER_MINUTE = 1_200; // per address: an open board asks every few seconds
const UNLIMITED = { config: { rateLimit: false } }; // refusing a probe would get a healthy process restarted
const REQUEST_TIMEOUT_MS = 5_000; // to send a whole request: a page sends a few KiB at most
const TIMEOUT_CHECK_MS = 1_000; // how often Node looks for requests that are late; 30 s by default

/** Builds the HTTP side of the service: dashboard, health, readiness, metrics. It does not listen yet. */
export async function createServer(parts: HttpParts): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    trustProxy: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
  });
  await app.register(helmet, {
    contentSecurityPolicy: {
      // Bull Board's page has inline styles but no inline script, and works without fonts from elsewhere.
      directives: {
        styleSrc: ["'self'", "'unsafe-inline'"],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: false, // the port speaks http; a proxy that adds TLS adds this
  });
  await app.register(rateLimit, { max: REQUESTS_PER_MINUTE, timeWindow: '1 minute' });
  addHealth(app, parts);
  if (parts.board) await addBoard(app, parts.board, parts);
  return app;
}

function addHealth(
  app: FastifyInstance,
  { fleet, metrics, model, chooser, storage, idleMs, ownKeyRefused }: HttpParts,
): void {
  const read = (): Promise<Fleet | undefined> => fleet.read(REDIS_PATIENCE_MS).catch(() => undefined);
  app.get('/healthz', UNLIMITED, () => ({ status: 'ok' }));
  app.get('/readyz', UNLIMITED, async (_request, reply) => {
    const [state, storageProblem] = await Promise.all([read(), storage.check()]);
    const reason = notReady({ fleet: state, storageProblem, idleMs: idleMs(), ownKeyRefused: ownKeyRefused() });
    return reason === undefined ? { status: 'ready' } : reply.code(503).send({ status: 'not ready', reason });
  });
  app.get('/metrics', UNLIMITED, async (_request, reply) => {
    const [state, storageProblem] = await Promise.all([read(), storage.check()]);
    const health = { storable: storageProblem === undefined, ownKeyRefused: ownKeyRefused() };
    const text = await metrics.text(state, { model, worthMs: chooser.worthMs, ...health });
    return reply.type(metrics.contentType).send(text);
  });
}

async function addBoard(app: FastifyInstance, queue: Queue, { overview, settings }: HttpParts): Promise<void> {
  const adapter = new FastifyAdapter();
  adapter.setBasePath(BOARD);
  const board = new BullMQAdapter(queue, { readOnlyMode: settings.DASHBOARD_READ_ONLY, externalJobUrl: faxLink });
  board.setFormatter('name', (job: BoardJob) => jobTitle(job));
  createBullBoard({
    queues: [board],
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'Faxwatch' } },
  });
  await app.register(async (guarded) => {
    guarded.addHook('onRequest', async (request, reply) => {
      if (!settings.DASHBOARD_PASSWORD && !isLoopbackHost(request.headers.host)) {
        return reply.code(403).send({ error: 'without a password (DASHBOARD_PASSWORD) only localhost is answered' });
      }
      if (isRead(request)) return undefined;
      if (settings.DASHBOARD_READ_ONLY)
        return reply.code(403).send({ error: 'the dashboard is read-only (DASHBOARD_READ_ONLY)' });
      if (isCrossSite(request))
        return reply.code(403).send({ error: 'requests from other sites may not change anything' });
      return undefined;
    });
    if (settings.DASHBOARD_PASSWORD) {
      await guarded.register(basicAuth, {
        authenticate: { realm: 'Faxwatch' },
        validate: passwordCheck(settings.DASHBOARD_USERNAME, settings.DASHBOARD_PASSWORD),
      });
      guarded.addHook('onRequest', (request, reply, done) => guarded.basicAuth(request, reply, done));
    }
    createOverview(overview).register(guarded);
    await guarded.register(async (boardApp) => {
      boardApp.addHook('onSend', async (_request, _reply, payload) =>
        typeof payload === 'string' ? payload.replace(FOREIGN_FONTS, '') : payload,
      );
      await boardApp.register(adapter.registerPlugin(), { prefix: BOARD });
    });
  });
}

/** Where the board's job links to; a job that is for no fax, to the overview. */
function faxLink({ data }: BoardJob): { displayText: string; href: string } {
  const faxId = faxIdOf(data);
  return { displayText: 'Its fax', href: faxId === undefined ? '/' : `/fax/${faxId}` };
}

const isRead = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';

/**
 * Whether a request that changes something comes from a page of another site. Browsers say so in these headers; other
 * programs do not send them.
 */
function isCrossSite({ headers }: FastifyRequest): boolean {
  const { 'sec-fetch-site': site, origin, host } = headers;
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host);
}
