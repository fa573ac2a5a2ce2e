import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UNDER_WAY, unscriptedFate, type Fate, type SimulatedAnswer } from './fate.ts';
import { createRateLimiter, type Limit, type RateLimiter } from './rate-limiter.ts';

export type SimulatorOptions = {
  /** 0 for a free one. */
  readonly port?: number;
  /** The key that it accepts; any if left out. */
  readonly apiKey?: string;
  /** No limit if left out. */
  readonly limit?: Limit;
  /** Whether a refusal says `Retry-After` (whole seconds, rounded up). */
  readonly retryAfter?: boolean;
  /** Time of each answer, ms. */
  readonly latencyMs?: number;
  /** About how long a fax that nobody scripted takes, ms. */
  readonly finishMs?: number;
  /** Whether to keep each request in `log`; for tests, as it grows with each. */
  readonly keepLog?: boolean;
};

/** A request as the stand-in saw it. Times are ms since 1970. */
export type SeenRequest = {
  readonly faxId: string;
  readonly at: number;
  readonly code: number;
  readonly method: string;
  readonly requestId: string;
};

const STATUS_PATH = /^\/api\/v2\/fax\/([^/]+)\/status$/;
const CONTROL_PATH = '/_simulator';
const MAX_FORM_BYTES = 4096;

const UNAUTHORIZED: SimulatedAnswer = { code: 401, body: { status: 'failed', message: 'Unauthorized' } };
const REFUSED: SimulatedAnswer = { code: 403, body: { status: 'failed', message: 'Rate limit exceeded' } };

/**
 * A stand-in for Fax.to's status API, on loopback: the documented endpoint and answers, with fates that are scripted
 * per fax, a rate limit, latency and faults. Faxes that nobody scripted have a fate by their id (see `unscriptedFate`).
 */
export class Simulator {
  readonly log: SeenRequest[] = [];
  requests = 0;
  refusals = 0;
  #apiKey: string | undefined;
  #override: SimulatedAnswer | undefined;
  #limiter: RateLimiter | undefined;
  readonly #options: SimulatorOptions;
  readonly #faxes = new Map<string, { fate: Fate; sentAt: number; polls: number }>();
  readonly #server: Server;

  private constructor(options: SimulatorOptions) {
    this.#options = options;
    this.#apiKey = options.apiKey;
    this.limit(options.limit);
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const simulator = new Simulator(options);
    await new Promise<void>((resolve, reject) => {
      simulator.#server.once('error', reject);
      simulator.#server.listen(options.port ?? 0, '127.0.0.1', () => resolve());
    });
    return simulator;
  }

  /** What to set as `FAX_API_BASE_URL`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/v2`;
  }

  /** Gives a fax its fate, as if it were sent now. */
  send(faxId: number | string, fate: Fate): void {
    this.#faxes.set(String(faxId), { fate, sentAt: Date.now(), polls: 0 });
  }

  /** Answers everything alike until called with undefined: an outage, a refused key. */
  override(answer: SimulatedAnswer | undefined): void {
    this.#override = answer;
  }

  /** Changes the key that it accepts; undefined for any. */
  accept(apiKey: string | undefined): void {
    this.#apiKey = apiKey;
  }

  /** Changes the limit; undefined for none. */
  limit(limit: Limit | undefined): void {
    this.#limiter = limit && createRateLimiter(limit);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    if (url.pathname.startsWith(CONTROL_PATH)) return this.#control(request, url, response);
    const faxId = STATUS_PATH.exec(url.pathname)?.[1];
    if (faxId === undefined)
      return this.#reply(response, { code: 404, body: { status: 'failed', message: 'Resource not found' } });
    const at = Date.now();
    this.requests += 1;
    const key =
      request.method === 'POST'
        ? new URLSearchParams(await body(request)).get('api_key')
        : url.searchParams.get('api_key');
    const answer = this.#answer(faxId, key, at);
    if (this.#options.keepLog)
      this.log.push({
        faxId,
        at,
        code: answer.code ?? 200,
        method: request.method ?? '',
        requestId: String(request.headers['x-request-id']),
      });
    await this.#reply(response, answer);
  }

  #answer(faxId: string, key: string | null, at: number): SimulatedAnswer {
    if (this.#apiKey !== undefined && key !== this.#apiKey) return UNAUTHORIZED;
    if (this.#override) return this.#override;
    const limited = this.#limiter?.(at);
    if (limited && !limited.allowed) {
      this.refusals += 1;
      if (!this.#options.retryAfter) return REFUSED;
      return { ...REFUSED, headers: { 'retry-after': String(Math.ceil(limited.retryAfterMs / 1000)) } };
    }
    let fax = this.#faxes.get(faxId);
    if (!fax)
      this.#faxes.set(
        faxId,
        (fax = { fate: unscriptedFate(faxId, this.#options.finishMs ?? 30_000), sentAt: at, polls: 0 }),
      );
    fax.polls += 1;
    const { first = [], then } = fax.fate;
    const age = at - fax.sentAt;
    return first[fax.polls - 1] ?? then.findLast(({ afterMs }) => afterMs <= age)?.answer ?? UNDER_WAY;
  }

  async #reply(response: ServerResponse, answer: SimulatedAnswer): Promise<void> {
    const delayMs = (this.#options.latencyMs ?? 0) + (answer.delayMs ?? 0);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (answer.wire === 'hang') return;
    if (answer.wire === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    const text = typeof answer.body === 'object' ? JSON.stringify(answer.body) : (answer.body ?? '');
    response.writeHead(answer.code ?? 200, { 'content-type': 'application/json', ...answer.headers });
    if (answer.wire === 'trickle') trickle(response, text);
    else response.end(text);
  }

  /** `GET /_simulator/stats`; `PUT /_simulator/faxes/<id>` with a fate as JSON. */
  async #control(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const faxId = new RegExp(`^${CONTROL_PATH}/faxes/([A-Za-z0-9_-]{1,64})$`).exec(url.pathname)?.[1];
    if (url.pathname === `${CONTROL_PATH}/stats` && request.method === 'GET') {
      return this.#reply(response, {
        body: { requests: this.requests, refusals: this.refusals, faxes: this.#faxes.size },
      });
    }
    if (faxId === undefined || request.method !== 'PUT')
      return this.#reply(response, { code: 404, body: { error: 'no such control' } });
    const fate = parseFate(await body(request, 64 * 1024));
    if (!fate)
      return this.#reply(response, {
        code: 400,
        body: { error: 'a fate is {"first": [answer…], "then": [{"afterMs": 0, "answer": {…}}…]}' },
      });
    this.send(faxId, fate);
    return this.#reply(response, { code: 204 });
  }
}

async function body(request: IncomingMessage, maxBytes = MAX_FORM_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new RangeError('request body too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseFate(json: string): Fate | undefined {
  try {
    const fate = JSON.parse(json) as Fate;
    return Array.isArray(fate.then) &&
      fate.then.every(({ afterMs, answer }) => typeof afterMs === 'number' && typeof answer === 'object')
      ? fate
      : undefined;
  } catch {
    return undefined;
  }
}

function trickle(response: ServerResponse, text: string): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < text.length) response.write(text.charAt(sent++));
    else response.end();
  }, 1_000);
  response.once('close', () => clearInterval(timer));
}
