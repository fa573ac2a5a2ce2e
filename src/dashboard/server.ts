import basicAuth from '@fastify/basic-auth';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { Queue } from 'bullmq';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Settings } from '../settings/table.ts';
import type { ModelStore } from '../schedule/model-store.ts';
import type { Chooser } from '../schedule/chooser.ts';
import type { StorageWatch } from '../redis/storage-watch.ts';
import type { FleetReader } from './fleet.ts';
import { createOverview, type OverviewAccount } from '../overview/overview.ts';
import { addBullBoard } from './board.ts';
import { isLoopbackHost } from './loopback-host.ts';
import type { Metrics } from './metrics.ts';
import { within } from '../timing/within.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { passwordCheck } from './password.ts';
import { notReady, refusedAccounts } from './readiness.ts';

/** An account as HTTP shows it. */
export type AccountView = {
  /** Undefined in a service without accounts. */
  readonly name: string | undefined;
  readonly fleet: FleetReader;
  readonly model: ModelStore;
  readonly chooser: Chooser;
  /** Whether the API refuses this worker's key while it accepts those of others. */
  readonly ownKeyRefused: () => boolean;
  /** Since this process last worked on a job of it, ms; undefined if it has no worker. */
  readonly idleMs: () => number | undefined;
  /** As the overview shows it. */
  readonly shown: OverviewAccount;
};

export type HttpParts = {
  /** The accounts with something in flight. */
  readonly awake: () => readonly AccountView[];
  /** All accounts, those with something in flight first. */
  readonly all: () => readonly AccountView[];
  /** The queues of all accounts; another array whenever they change. */
  readonly queues: () => readonly Queue[];
  readonly redis: RedisClient;
  readonly metrics: Metrics;
  readonly storage: StorageWatch;
  /** Whether the file with the keys was right when it was last read; undefined if there is none. */
  readonly keyFileValid: () => boolean | undefined;
  /** Whether the dashboard is served, and not only health and metrics. */
  readonly board: boolean;
  readonly settings: Pick<
    Settings,
    | 'ACCOUNTS_FILE'
    | 'DASHBOARD_HOST'
    | 'DASHBOARD_PORT'
    | 'DASHBOARD_USERNAME'
    | 'DASHBOARD_PASSWORD'
    | 'DASHBOARD_READ_ONLY'
  >;
};

const REDIS_PATIENCE_MS = 2_000;
const REQUESTS_PER_MINUTE = 1_200; // per address: an open board asks every few seconds
const UNLIMITED = { config: { rateLimit: false } }; // refusing a probe would get a healthy process restarted
const REQUEST_TIMEOUT_MS = 5_000; // to send a whole request: a page sends a few KiB at most
const MOST_PARAM_CHARS = 1_000; // so that a wrong id is told so by the page itself
const TIMEOUT_CHECK_MS = 1_000; // how often Node looks for requests that are late; 30 s by default

/** Builds the HTTP side of the service: dashboard, health, readiness, metrics. It does not listen yet. */
export async function createServer(parts: HttpParts): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    trustProxy: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MOST_PARAM_CHARS },
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      void reply.code(400).header('x-content-type-options', 'nosniff').send({ error: 'no such page' });
    },
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
  if (parts.board) await addBoard(app, parts);
  return app;
}

function addHealth(app: FastifyInstance, parts: HttpParts): void {
  app.get('/healthz', UNLIMITED, () => ({ status: 'ok' }));
  app.get('/readyz', UNLIMITED, async (_request, reply) => {
    const { redisUp, storageProblem, awake } = await stateOf(parts);
    const reason = notReady({ redisUp, storageProblem, awake, served: parts.queues().length });
    const refused = refusedAccounts(awake);
    const more = refused.length > 0 ? { refused } : {};
    if (reason === undefined) return { status: 'ready', ...more };
    return reply.code(503).send({ status: 'not ready', reason, ...more });
  });
  app.get('/metrics', UNLIMITED, async (_request, reply) => {
    const { metrics, keyFileValid } = parts;
    const { redisUp, storageProblem, awake } = await stateOf(parts);
    const storable = storageProblem === undefined;
    const text = await metrics.text(awake, { redisUp, storable, keyFileValid: keyFileValid() });
    return reply.type(metrics.contentType).send(text);
  });
}

/** What health and metrics are made of. Of an account that sleeps nothing is read. */
async function stateOf({ awake, redis, storage }: HttpParts) {
  const accounts = awake();
  const [answers, storageProblem, ...fleets] = await Promise.all([
    isUp(redis),
    storage.check(),
    ...accounts.map(({ fleet }) => fleet.read(REDIS_PATIENCE_MS).catch(() => undefined)),
  ]);
  const read = accounts.map(({ name, model, chooser, ownKeyRefused, idleMs }, i) => ({
    name,
    fleet: fleets[i],
    model,
    worthMs: chooser.worthMs,
    ownKeyRefused: ownKeyRefused(),
    idleMs: idleMs(),
  }));
  // Of several accounts, the only one that is awake may have keys that cannot be read: that says nothing of Redis.
  const [first, ...others] = accounts;
  const tells = first !== undefined && (first.name === undefined || others.length > 0);
  const noneRead = tells && fleets.every((fleet) => fleet === undefined);
  return { redisUp: answers && !noneRead, storageProblem, awake: read };
}

const isUp = async (redis: RedisClient): Promise<boolean> =>
  (await within(REDIS_PATIENCE_MS, redis.ping()).catch(() => undefined)) !== undefined;

async function addBoard(app: FastifyInstance, { awake, all, queues, redis, settings }: HttpParts): Promise<void> {
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
    const shown = (views: () => readonly AccountView[]) => () => views().map((view) => view.shown);
    const redisUp = async (): Promise<boolean> => isUp(redis);
    createOverview({ awake: shown(awake), all: shown(all), named: settings.ACCOUNTS_FILE !== null, redisUp }).register(
      guarded,
    );
    await addBullBoard(guarded, { queues, redisUp, readOnly: settings.DASHBOARD_READ_ONLY });
  });
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
