import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Callbacks, type CallbackOptions } from './callbacks.ts';
import { answerAt, unscriptedFate, type Fate, type SimulatedAnswer } from './fate.ts';
import { historyAnswer, pageOf, type HistoryKind, type ListedFax, type Page } from './history.ts';
import { createRateLimiter, type Limit, type RateLimiter } from './rate-limiter.ts';
import { NOT_FOUND, RATE_LIMITED, UNAUTHORIZED } from './refusals.ts';

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
  /** What the list of faxes answers; `ok` if left out. */
  readonly history?: HistoryKind;
  /** The most entries that a page of the list has, whatever its `limit` says; 100 if left out. */
  readonly historyPageCap?: number;
  /** No callbacks if left out. */
  readonly callback?: CallbackOptions;
  /** Whether to keep each request in `log`; for tests, as it grows with each. */
  readonly keepLog?: boolean;
};

/** A request as the stand-in saw it. Times are ms since 1970. */
export type SeenRequest = {
  /** Empty if the list was asked for. */
  readonly faxId: string;
  /** What part of the list was asked for; of the list alone. */
  readonly page?: Page;
  readonly at: number;
  readonly code: number;
  readonly method: string;
  readonly requestId: string;
};

const STATUS_PATH = /^\/api\/v2\/fax\/([^/]+)\/status$/;
const HISTORY_PATH = '/api/v2/fax-history';
const CONTROL_PATH = '/_simulator';
const MAX_FORM_BYTES = 4096;
const PAGE_CAP = 100;

/**
 * A stand-in for Fax.to's API, on loopback: the status of a fax, the list of faxes and callbacks, as documented, with
 * fates that are scripted per fax, a rate limit, latency and faults. A fax that nobody sent begins when it is first
 * asked for, with a fate by its id (see `unscriptedFate`).
 */
export class Simulator {
  readonly log: SeenRequest[] = [];
  /** Requests of statuses and of the list. */
  requests = 0;
  /** Requests of the list alone. */
  listRequests = 0;
  /** Requests refused by the limit. */
  refusals = 0;
  #apiKey: string | undefined;
  #override: SimulatedAnswer | undefined;
  #limiter: RateLimiter | undefined;
  readonly #options: SimulatorOptions;
  readonly #faxes = new Map<string, ListedFax & { polls: number }>(); // in the order in which they were sent
  #sent = 0;
  #history: HistoryKind;
  readonly #pageCap: number;
  readonly #callbacks: Callbacks | undefined;
  readonly #server: Server;

  private constructor(options: SimulatorOptions) {
    const { historyPageCap = PAGE_CAP } = options;
    if (!Number.isInteger(historyPageCap) || historyPageCap < 1)
      throw new RangeError('historyPageCap must be a whole number of at least 1');
    this.#pageCap = historyPageCap;
    this.#options = options;
    this.#apiKey = options.apiKey;
    this.#history = options.history ?? 'ok';
    this.#callbacks = options.callback && new Callbacks(options.callback);
    this.limit(options.limit);
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = 60_000;
  }

  /**
   * Starts on loopback.
   *
   * @throws RangeError or TypeError for an option out of its range; what `listen` emits if the port is taken
   */
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

  /** Attempts at callbacks. */
  get callbacksSent(): number {
    return this.#callbacks?.sent ?? 0;
  }

  /** Callbacks that were answered 200. */
  get callbacksAcknowledged(): number {
    return this.#callbacks?.acknowledged ?? 0;
  }

  /** Sends a fax now, with the fate given or that of its id. A fax of the same id is forgotten. */
  send(faxId: number | string, fate?: Fate): void {
    this.#begin(String(faxId), fate, Date.now());
  }

  /** Changes what the list of faxes answers. */
  history(kind: HistoryKind): void {
    this.#history = kind;
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
    await this.#callbacks?.stop();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    if (url.pathname.startsWith(CONTROL_PATH)) return this.#control(request, url, response);
    const ofList = url.pathname === HISTORY_PATH;
    const faxId = ofList ? '' : STATUS_PATH.exec(url.pathname)?.[1];
    if (faxId === undefined) return this.#reply(response, NOT_FOUND);
    const at = Date.now();
    this.requests += 1;
    if (ofList) this.listRequests += 1;
    const parameters = request.method === 'POST' ? new URLSearchParams(await body(request)) : url.searchParams;
    const page = ofList ? pageOf(parameters, this.#pageCap) : undefined;
    const answer =
      this.#refusal(parameters.get('api_key'), at) ?? (page ? this.#list(page, at) : this.#status(faxId, at));
    if (this.#options.keepLog)
      this.log.push({
        faxId,
        ...(page && { page }),
        at,
        code: answer.code ?? 200,
        method: request.method ?? '',
        requestId: String(request.headers['x-request-id']),
      });
    await this.#reply(response, answer);
  }

  #refusal(key: string | null, at: number): SimulatedAnswer | undefined {
    if (this.#apiKey !== undefined && key !== this.#apiKey) return UNAUTHORIZED;
    if (this.#override) return this.#override;
    const limited = this.#limiter?.(at);
    if (!limited || limited.allowed) return undefined;
    this.refusals += 1;
    if (!this.#options.retryAfter) return RATE_LIMITED;
    return { ...RATE_LIMITED, headers: { 'retry-after': String(Math.ceil(limited.retryAfterMs / 1000)) } };
  }

  #list(page: Page, at: number): SimulatedAnswer {
    return historyAnswer(this.#history, this.#faxes.values(), page, at);
  }

  #status(faxId: string, at: number): SimulatedAnswer {
    const fax = this.#faxes.get(faxId) ?? this.#begin(faxId, undefined, at);
    fax.polls += 1;
    return fax.fate.first?.[fax.polls - 1] ?? answerAt(fax.fate, at - fax.sentAt);
  }

  #begin(faxId: string, scripted: Fate | undefined, sentAt: number): { fate: Fate; sentAt: number; polls: number } {
    const fate = scripted ?? unscriptedFate(faxId, this.#options.finishMs ?? 30_000);
    const fax = { faxId, ordinal: (this.#sent += 1), fate, sentAt, polls: 0 };
    this.#faxes.delete(faxId); // a map keeps the place of a key that it has
    this.#faxes.set(faxId, fax);
    this.#callbacks?.expect(faxId, fate, sentAt);
    return fax;
  }

  async #reply(response: ServerResponse, answer: SimulatedAnswer): Promise<void> {
    const delayMs = (this.#options.latencyMs ?? 0) + (answer.delayMs ?? 0);
    if (delayMs > 0) await pause(delayMs, response);
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

  /** `GET /_simulator/stats`; `PUT /_simulator/faxes/<id>` with a fate as JSON, or with nothing for that of its id. */
  async #control(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const faxId = new RegExp(`^${CONTROL_PATH}/faxes/([A-Za-z0-9_-]{1,64})$`).exec(url.pathname)?.[1];
    if (url.pathname === `${CONTROL_PATH}/stats` && request.method === 'GET') {
      return this.#reply(response, {
        body: {
          requests: this.requests,
          listRequests: this.listRequests,
          refusals: this.refusals,
          faxes: this.#faxes.size,
          callbacksSent: this.callbacksSent,
          callbacksAcknowledged: this.callbacksAcknowledged,
        },
      });
    }
    if (faxId === undefined || request.method !== 'PUT')
      return this.#reply(response, { code: 404, body: { error: 'no such control' } });
    const script = await body(request, 64 * 1024);
    const fate = script === '' ? undefined : parseFate(script);
    if (script !== '' && !fate)
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
      fate.then.every(({ afterMs, answer }) => typeof afterMs === 'number' && answer instanceof Object)
      ? fate
      : undefined;
  } catch {
    return undefined;
  }
}

/** Waits, but no longer than the client does. */
async function pause(ms: number, response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function trickle(response: ServerResponse, text: string): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < text.length) response.write(text.charAt(sent++));
    else response.end();
  }, 1_000);
  response.once('close', () => clearInterval(timer));
}
