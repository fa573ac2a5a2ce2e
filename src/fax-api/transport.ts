import type { IncomingHttpHeaders } from 'node:http';
import got, { type Got, type HandlerFunction, type Options, type Response } from 'got';
import { Pool, type Dispatcher } from 'undici';
import type { Settings } from '../settings/table.ts';
import type { Fault } from './answer.ts';
import { connectorWithoutInterim } from './interim-responses.ts';

const NO_BODY = Buffer.alloc(0);

export type TransportSettings = Pick<
  Settings,
  'FAX_API_KEY' | 'FAX_API_BASE_URL' | 'FAX_API_METHOD' | 'FAX_API_TIMEOUT_MS'
>;

/** The parts of got's response that are read. Only a 200 has a body here: of other answers only the status matters. */
export type Reply = Pick<Response<Uint8Array>, 'statusCode' | 'headers' | 'body'>;

/**
 * Sends requests to the API, each with the key, and never retries one.
 *
 * got makes the request, and a handler hands it on to undici: got's own stream and Node's client under it cost the
 * process three times as much per request (docs/benchmarks.md).
 */
export class Transport {
  readonly #request: Got<{ responseType: 'buffer' }>;
  readonly #pool: Pool;
  readonly #timeoutMs: number;
  readonly #base: string;
  #key: string; // built when it changes: got's searchParams costs as much as reading an answer
  readonly #method: 'GET' | 'POST';

  /** @param maxBodyBytes over which an answer is a fault @param connections to the API at most */
  constructor(settings: TransportSettings, maxBodyBytes: number, connections: number) {
    const { FAX_API_METHOD: method } = settings;
    this.#method = method;
    this.#key = parameterOf(settings.FAX_API_KEY);
    this.#base = settings.FAX_API_BASE_URL.replace(/\/+$/, '');
    this.#timeoutMs = settings.FAX_API_TIMEOUT_MS;
    this.#pool = new Pool(new URL(settings.FAX_API_BASE_URL).origin, {
      connections,
      maxResponseSize: maxBodyBytes,
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

  /**
   * Sends a request.
   *
   * @param path under the base URL, such as `/fax/200/status`
   * @param requestId by which the API's operators can find it
   * @param more parameters beside the key, such as `limit=100`: with it, in the query or the form
   * @throws an error that may hold the URL with the key: give it to {@link faultOf}, nothing else
   */
  async request(path: string, requestId: string, more = ''): Promise<Reply> {
    const parameters = more === '' ? this.#key : `${this.#key}&${more}`;
    const inForm = this.#method === 'POST';
    return this.#request(`${this.#base}${path}${inForm ? '' : `?${parameters}`}`, {
      headers: { 'x-request-id': requestId },
      ...(inForm && { body: parameters }),
    });
  }

  /** From the next request on another key is sent. */
  useKey(key: string): void {
    this.#key = parameterOf(key);
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

const parameterOf = (api_key: string): string => String(new URLSearchParams({ api_key }));

/** Which fault an error of a request is. */
export function faultOf(error: unknown): Fault {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ETIMEDOUT') return 'timeout';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
  // OpenSSL's certificate errors and Node's own (https://nodejs.org/api/tls.html, X509 certificate error codes)
  if (/CERT|SSL|TLS|ISSUER|SELF_SIGNED|CRL|ALTNAME/.test(code)) return 'tls';
  return 'connection';
}
