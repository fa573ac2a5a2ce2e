import type { IncomingHttpHeaders } from 'node:http';
import type { Options } from 'got';
import { Pool, type Dispatcher } from 'undici';
import type { FaxApiSettings } from './client.ts';
import { connectorWithoutInterim } from './interim-responses.ts';

const MAX_BODY_BYTES = 64 * 1024; // contract §2: a longer body is a server fault
const NO_BODY = Buffer.alloc(0);

/**
 * What came back for a request. Of an answer other than 200 only the status and the headers matter: its body is left
 * out.
 */
export type Reply = { readonly statusCode: number; readonly headers: IncomingHttpHeaders; readonly body: Uint8Array };

/**
 * Carries got's requests to the API by undici. got's own stream and Node's client under it cost the process three times
 * as much per request (docs/benchmarks.md). It owns the connections, the time-out of the whole exchange and the limit
 * of a body. What goes wrong is thrown with Node's or undici's code: `ETIMEDOUT`, `UND_ERR_RES_EXCEEDED_MAX_SIZE`,
 * `ECONNREFUSED`…
 */
export class Transport {
  readonly #pool: Pool;
  readonly #timeoutMs: number;
  readonly #form: string | null;
  #headers: IncomingHttpHeaders | undefined;

  /** @param form what a POST carries; null for a GET */
  constructor(
    settings: Pick<FaxApiSettings, 'FAX_API_BASE_URL' | 'FAX_API_TIMEOUT_MS' | 'WORKER_CONCURRENCY'>,
    form: string | null,
  ) {
    this.#timeoutMs = settings.FAX_API_TIMEOUT_MS;
    this.#form = form;
    this.#pool = new Pool(new URL(settings.FAX_API_BASE_URL).origin, {
      connections: settings.WORKER_CONCURRENCY,
      maxResponseSize: MAX_BODY_BYTES,
      // The one time-out is that of the whole exchange.
      connect: connectorWithoutInterim({ timeout: 0, allowH2: false }),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * Sends the request that got's options tell of. Its id comes as the URL's fragment, which never leaves a client (RFC
   * 3986 §3.5), and goes as `x-request-id`: got takes a tenth of a poll's time to merge headers of its own into each
   * request.
   */
  async send(options: Options): Promise<Reply> {
    const { pathname, search, hash } = options.url as URL;
    // the same for each request, and got's are slow to read
    this.#headers ??= { ...(options.headers as IncomingHttpHeaders) };
    const headers = { ...this.#headers, 'x-request-id': hash.slice(1) };
    return new Promise((resolve, reject) => {
      this.#pool.dispatch(
        { path: pathname + search, method: options.method, headers, body: this.#form },
        new Exchange(this.#timeoutMs, resolve, reject),
      );
    });
  }

  /** Closes the connections, whatever is under way on them. */
  async close(): Promise<void> {
    await this.#pool.destroy();
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

  // After the first, further answers and errors change nothing: that is how a promise is.
  #answer(statusCode: number, body: Buffer): void {
    this.#resolve({ statusCode, headers: this.#headers, body });
  }

  #timeOut(ms: number): void {
    this.#timedOut = Object.assign(new Error(`no answer within ${ms} ms`), { code: 'ETIMEDOUT' });
    this.#controller?.abort(this.#timedOut);
    this.#reject(this.#timedOut);
  }
}
