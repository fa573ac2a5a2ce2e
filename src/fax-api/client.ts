import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import got, { type Got, type HandlerFunction, type Options, type Response } from 'got';
import { parse } from 'lossless-json';
import { Pool, type Dispatcher } from 'undici';
import { z } from 'zod';
import { redactor } from '../log/redact.ts';
import type { Settings } from '../settings/table.ts';
import type { Answer, AnswerContent, Fault, RateHeaders } from './answer.ts';
import { connectorWithoutInterim } from './interim-responses.ts';
import { ownWords } from './own-words.ts';
import { rateHeaders } from './rate-headers.ts';

const MAX_BODY_BYTES = 64 * 1024; // a longer body is a server fault
const MAX_MESSAGE_CHARS = 1024; // of the API's message that are kept and shown
const NO_BODY = Buffer.alloc(0);

// A message with broken characters could match a wording that it never said.
const utf8 = new TextDecoder('utf-8', { fatal: true });

const Body = z.object({
  status: z.string(),
  message: z.string().nullish(),
  user_cash_balance: z.unknown().optional(),
});

const Words = z.object({ message: z.string() });

export type FaxApiSettings = Pick<
  Settings,
  'FAX_API_KEY' | 'FAX_API_BASE_URL' | 'FAX_API_METHOD' | 'FAX_API_TIMEOUT_MS' | 'WORKER_CONCURRENCY'
>;

/** The parts of got's response that are read. Only a 200 has a body here: of other answers only the status matters. */
type Reply = Pick<Response<Uint8Array>, 'statusCode' | 'headers' | 'body'>;

/**
 * Asks Fax.to for the status of one fax: one request, one typed answer. It never throws, as a request that fails is an
 * answer too, and it never retries: that is up to the schedule. A client library's error may hold the URL with the key,
 * so none leaves this file.
 *
 * got makes the request, and a handler hands it on to undici: got's own stream and Node's client under it cost the
 * process three times as much per request (docs/benchmarks.md).
 */
export class FaxApiClient {
  readonly #request: Got<{ responseType: 'buffer' }>;
  readonly #pool: Pool;
  readonly #timeoutMs: number;
  readonly #base: string;
  readonly #query: string; // built once: got's searchParams costs as much as reading an answer
  readonly #form: { body?: string }; // got merges no body of an instance into a request
  readonly #redact: (text: string) => string;

  constructor(settings: FaxApiSettings) {
    const { FAX_API_METHOD: method, FAX_API_KEY: api_key } = settings;
    const form = String(new URLSearchParams({ api_key }));
    this.#base = settings.FAX_API_BASE_URL.replace(/\/+$/, '');
    this.#query = method === 'GET' ? `?${form}` : '';
    this.#form = method === 'POST' ? { body: form } : {};
    this.#redact = redactor(settings.FAX_API_KEY);
    this.#timeoutMs = settings.FAX_API_TIMEOUT_MS;
    this.#pool = new Pool(new URL(settings.FAX_API_BASE_URL).origin, {
      connections: settings.WORKER_CONCURRENCY,
      maxResponseSize: MAX_BODY_BYTES,
      // There is one time-out, for the whole exchange.
      connect: connectorWithoutInterim({ timeout: 0, allowH2: false }),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // The type of a handler knows only promises that come from `next`.
    const byUndici = ((options, next) => (options.isStream ? next(options) : this.#send(options))) as HandlerFunction;
    this.#request = got.extend({
      handlers: [byUndici],
      method,
      responseType: 'buffer',
      // As undici does: each answer is returned, and none is retried or followed.
      throwHttpErrors: false,
      retry: { limit: 0 },
      followRedirect: false,
      headers: {
        'user-agent': 'faxwatch',
        accept: 'application/json',
        'accept-encoding': 'identity',
        ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
    });
  }

  /** @param faxId matches `^[A-Za-z0-9_-]{1,64}$`, so that it is safe in a path */
  async status(faxId: string): Promise<Answer> {
    const started = performance.now();
    const requestId = randomUUID();
    let rate: RateHeaders = {};
    const answer = (content: AnswerContent): Answer => ({
      ...content,
      requestId,
      rate,
      latencyMs: performance.now() - started,
    });
    try {
      const url = `${this.#base}/fax/${faxId}/status${this.#query}`;
      const { statusCode, headers, body }: Reply = await this.#request(url, {
        headers: { 'x-request-id': requestId },
        ...this.#form,
      });
      rate = rateHeaders(headers, Date.now());
      return answer(this.#read(statusCode, body));
    } catch (error) {
      return answer({ kind: 'fault', fault: faultOf(error) });
    }
  }

  /** Closes the connections, whatever is under way on them. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /**
   * What goes wrong is thrown with Node's or undici's code: `ETIMEDOUT`, `UND_ERR_RES_EXCEEDED_MAX_SIZE`,
   * `ECONNREFUSED`…
   */
  async #send({ url, method, headers, body }: Options): Promise<Reply> {
    const { pathname, search } = url as URL;
    return new Promise((resolve, reject) => {
      this.#pool.dispatch(
        { path: pathname + search, method, headers, body: (body as string | undefined) ?? null },
        new Exchange(this.#timeoutMs, resolve, reject),
      );
    });
  }

  #read(statusCode: number, body: Uint8Array): AnswerContent {
    if (statusCode === 401) return { kind: 'unauthorized' };
    if (statusCode === 403 || statusCode === 429) return { kind: 'rate_limited' };
    if (statusCode === 404) return { kind: 'not_found' };
    if (statusCode >= 300 && statusCode < 400) return { kind: 'fault', fault: 'redirect' };
    if (statusCode !== 200) return { kind: 'fault', fault: `http_${statusCode}` };
    return this.#parse(body);
  }

  #parse(bytes: Uint8Array): AnswerContent {
    let json: unknown;
    try {
      json = jsonOf(utf8.decode(bytes));
    } catch {
      return { kind: 'fault', fault: 'not_json' };
    }
    const words = Words.safeParse(json);
    const own = words.success ? ownWords(words.data.message) : undefined;
    if (own) return own;
    const body = Body.safeParse(json);
    if (!body.success) return { kind: 'fault', fault: 'wrong_shape' };
    const { status, message, user_cash_balance } = body.data;
    return {
      kind: 'status',
      apiStatus: this.#clean(status),
      message: this.#clean(message ?? ''),
      userCashBalance: balanceOf(user_cash_balance),
    };
  }

  #clean(text: string): string {
    return this.#redact(text).slice(0, MAX_MESSAGE_CHARS);
  }
}

/** One request and its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #timedOut: Error | undefined;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];

  constructor(timeoutMs: number, resolve: (reply: Reply) => void, reject: (error: Error) => void) {
    [this.#resolve, this.#reject] = [resolve, reject];
    this.#timer = setTimeout(() => this.#timeOut(timeoutMs), timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#timedOut) controller.abort(this.#timedOut); // it waited for a connection for too long
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: object): void {
    this.#headers = headers as IncomingHttpHeaders;
    if (statusCode !== 200) this.#answer(statusCode, NO_BODY);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer);
    this.#answer(200, Buffer.concat(this.#chunks));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#timer);
    this.#reject(error);
  }

  // Further answers and errors change nothing, as a promise settles once.
  #answer(statusCode: number, body: Buffer): void {
    this.#resolve({ statusCode, headers: this.#headers, body });
  }

  #timeOut(ms: number): void {
    this.#timedOut = Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ETIMEDOUT' });
    this.#controller?.abort(this.#timedOut);
    this.#reject(this.#timedOut);
  }
}

/**
 * Parses JSON in which no key comes twice with different values: JSON.parse takes the last one, and nobody knows which
 * one the API means. If re-serialising gives the same text, no key was repeated: a cheaper check than lossless-json's.
 */
function jsonOf(text: string): unknown {
  const json: unknown = JSON.parse(text);
  return JSON.stringify(json) === text ? json : parse(text, undefined, Number);
}

/** A balance may come as a number or as its text; anything else is no balance, and no reason to doubt the status. */
function balanceOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

function faultOf(error: unknown): Fault {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
  // OpenSSL's certificate errors and Node's own (https://nodejs.org/api/tls.html, X509 certificate error codes)
  if (/CERT|SSL|TLS|ISSUER|SELF_SIGNED|CRL|ALTNAME/.test(code)) return 'tls';
  return 'connection';
}
