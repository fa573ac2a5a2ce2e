import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { BELIEVED_POLLS, type Hint } from '../hints/hint.ts';
import type { Hints } from '../hints/hints.ts';
import { within } from '../timing/within.ts';
import { faxIdIn, formFields } from './body.ts';
import { ID_FORM } from '../contract/fax-job.ts';

export type CallbackParts = {
  /** Who takes the hints of callbacks that come with a secret; undefined if it is the secret of nobody. */
  readonly hintsOf: (secret: string) => Pick<Hints, 'give'> | undefined;
  /** Whether Redis can be asked now: a command given while it is away would wait for it. */
  readonly redisReady: () => boolean;
};

const PATH = '/callback/';
const HINTS = 'hints'; // what a request that may be read is decorated with
const HINT: Hint = { source: 'callback', pollsLeft: BELIEVED_POLLS, word: '' };
const REQUESTS_PER_MINUTE = 600; // per address
const MAX_BODY_BYTES = 8 * 1024;
const REQUEST_TIMEOUT_MS = 5_000; // to send a whole request
const TIMEOUT_CHECK_MS = 1_000; // how often Node looks for requests that are late; 30 s by default
const IDLE_MS = 10_000; // of a connection between two requests
const MAX_CONNECTIONS = 500; // so that a flood leaves the worker file descriptors for Redis and the API
const REDIS_PATIENCE_MS = 2_000;

const WRONG: Readonly<Record<number, string>> = {
  400: `send fax_job_id: ${ID_FORM}`,
  413: `send at most ${MAX_BODY_BYTES} bytes`,
  415: 'send a form (application/x-www-form-urlencoded) or JSON (application/json)',
};

/**
 * Builds the server that takes the callbacks of Fax.to. It does not listen yet. Anyone may reach it: what is not
 * `POST /callback/<secret>` is answered before its body is read, and no answer repeats what was sent.
 */
export async function createCallbackServer(parts: CallbackParts): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_MS,
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    frameworkErrors: (_error, _request, reply) => {
      refuse(reply, 404, 'not found'); // a path that cannot be decoded
    },
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  await app.register(rateLimit, { global: false, max: REQUESTS_PER_MINUTE, timeWindow: '1 minute' });
  addGate(app, parts.hintsOf);
  addParsers(app);
  app.setErrorHandler(({ statusCode = 500 }: { statusCode?: number }, _request, reply) =>
    refuse(reply, statusCode, WRONG[statusCode] ?? 'not taken'),
  );
  app.post('/*', async (request, reply) => {
    const faxId = faxIdIn(request.body);
    if (faxId === undefined) return refuse(reply, 400, WRONG[400]);
    if (!(await kept(faxId, request.getDecorator(HINTS), parts.redisReady)))
      return refuse(reply, 503, 'not kept, as Redis does not take it: send it again later');
    return { status: 'ok' };
  });
  return app;
}

/**
 * Answers at once what is not to be read. Requests with a wrong secret are counted apart: behind a proxy they come from
 * the same address as the right ones, and must not use up their allowance.
 */
function addGate(app: FastifyInstance, hintsOf: CallbackParts['hintsOf']): void {
  const [right, wrong] = [app.createRateLimit({}), app.createRateLimit({})];
  app.decorateRequest(HINTS, null);
  app.addHook('onRequest', async (request, reply) => {
    const hints = hintsOf(secretIn(request.url));
    const used = await (hints ? right : wrong)(request);
    if (!used.isAllowed && used.isExceeded) {
      reply.header('retry-after', used.ttlInSeconds);
      return refuse(reply, 429, `send at most ${REQUESTS_PER_MINUTE} requests a minute`);
    }
    if (!hints) return refuse(reply, 404, 'not found');
    if (request.method !== 'POST') return refuse(reply.header('allow', 'POST'), 405, 'send a POST');
    request.setDecorator(HINTS, hints);
    return undefined;
  });
}

function addParsers(app: FastifyInstance): void {
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, formFields(String(body))),
  );
}

/** The last part of the path; empty for another path. */
function secretIn(url: string): string {
  const [path = ''] = url.split('?', 1);
  return path.startsWith(PATH) ? path.slice(PATH.length) : '';
}

/** Whether Redis has the hint now. */
async function kept(faxId: string, hints: Pick<Hints, 'give'>, redisReady: () => boolean): Promise<boolean> {
  if (!redisReady()) return false;
  try {
    const taken = await within(REDIS_PATIENCE_MS, hints.give([{ faxId, hint: HINT }]));
    return taken !== undefined;
  } catch {
    return false; // it is out of memory, or a replica: what watches Redis says so
  }
}

function refuse(reply: FastifyReply, code: number, error: string | undefined): FastifyReply {
  return reply.code(code).send({ error });
}
