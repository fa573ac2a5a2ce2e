import { randomUUID } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import got, { RequestError, TimeoutError } from 'got';
import { parse } from 'lossless-json';
import { z } from 'zod';
import type { Settings } from '../config.ts';
import type { Answer, AnswerContent, Fault, RateHeaders } from './answer.ts';
import { rateHeaders } from './rate-headers.ts';
import { redactor } from './redact.ts';

const MAX_BODY_BYTES = 64 * 1024; // contract §2: a longer body is a server fault
const MAX_MESSAGE_CHARS = 1024; // of the API's message, what is kept and shown

const Body = z.object({
  status: z.string(),
  message: z.string().nullish(),
  user_cash_balance: z.unknown().optional(),
});

export type FaxApiSettings = Pick<Settings, 'FAX_API_KEY' | 'FAX_API_BASE_URL' | 'FAX_API_METHOD' | 'FAX_API_TIMEOUT_MS' | 'WORKER_CONCURRENCY'>;

/**
 * Asks Fax.to for the status of one fax: one request, one typed answer (contract §2).
 * It never throws, for a request that fails is an answer too, and never retries: the schedule owns that.
 * got's own errors hold the URL with the key, so none leaves this file.
 */
export class FaxApiClient {
  readonly #request: typeof got;
  readonly #agents: readonly HttpAgent[];
  readonly #base: string;
  readonly #post: { readonly method?: 'POST'; readonly form?: { readonly api_key: string } };
  readonly #query: string; // put together once: got's searchParams costs as much as reading an answer
  readonly #redact: (text: string) => string;

  constructor(settings: FaxApiSettings) {
    const { FAX_API_METHOD: method, FAX_API_KEY: api_key } = settings;
    this.#base = settings.FAX_API_BASE_URL.replace(/\/+$/, '');
    this.#query = method === 'GET' ? `?${String(new URLSearchParams({ api_key }))}` : '';
    this.#post = method === 'POST' ? { method, form: { api_key } } : {};
    this.#redact = redactor(settings.FAX_API_KEY);
    const pool = { keepAlive: true, maxSockets: settings.WORKER_CONCURRENCY, scheduling: 'lifo' } as const;
    const agent = { http: new HttpAgent(pool), https: new HttpsAgent(pool) };
    this.#agents = [agent.http, agent.https];
    this.#request = got.extend({
      agent,
      headers: { 'user-agent': 'faxwatch', accept: 'application/json', 'accept-encoding': 'identity' },
      decompress: false, // an answer of 64 KiB cannot unfold into more
      followRedirect: false, // a redirect followed would carry the key elsewhere
      throwHttpErrors: false,
      retry: { limit: 0 },
      timeout: { request: settings.FAX_API_TIMEOUT_MS },
    });
  }

  /** @param faxId matches `^[A-Za-z0-9_-]{1,64}$`, so that it is safe in a path */
  async status(faxId: string): Promise<Answer> {
    const started = performance.now();
    const requestId = randomUUID();
    let rate: RateHeaders = {};
    const answer = (content: AnswerContent): Answer => ({ ...content, requestId, rate, latencyMs: performance.now() - started });
    try {
      const stream = this.#request.stream(`${this.#base}/fax/${faxId}/status${this.#query}`, { ...this.#post, headers: { 'x-request-id': requestId } });
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_BODY_BYTES) break; // leaving the loop destroys the stream and its socket
        chunks.push(chunk);
      }
      const response = stream.response;
      if (!response) return answer({ kind: 'fault', fault: 'connection' });
      rate = rateHeaders(response.headers, Date.now());
      return answer(this.#read(response.statusCode, size, chunks));
    } catch (error) {
      return answer({ kind: 'fault', fault: faultOf(error) });
    }
  }

  /** Closes the idle connections. */
  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  #read(statusCode: number, size: number, chunks: Buffer[]): AnswerContent {
    if (statusCode === 401) return { kind: 'unauthorized' };
    if (statusCode === 403 || statusCode === 429) return { kind: 'rate_limited' };
    if (statusCode === 404) return { kind: 'not_found' };
    if (statusCode >= 300 && statusCode < 400) return { kind: 'fault', fault: 'redirect' };
    if (statusCode !== 200) return { kind: 'fault', fault: `http_${statusCode}` };
    if (size > MAX_BODY_BYTES) return { kind: 'fault', fault: 'too_large' };
    return this.#parse(Buffer.concat(chunks));
  }

  #parse(bytes: Buffer): AnswerContent {
    let json: unknown;
    try {
      // fatal: a message with broken characters could match a wording that it never said. Nor is a key that comes twice with
      // different values taken, as JSON.parse does: the last one wins there, and which one the API means nobody knows.
      json = parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), undefined, Number);
    } catch {
      return { kind: 'fault', fault: 'not_json' };
    }
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

  readonly #clean = (text: string): string => this.#redact(text).slice(0, MAX_MESSAGE_CHARS);
}

/** A balance may come as a number or as its text; anything else is no balance, and no reason to doubt the status. */
function balanceOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

function faultOf(error: unknown): Fault {
  if (error instanceof TimeoutError) return 'timeout';
  const code = error instanceof RequestError ? error.code : '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
  // OpenSSL's certificate errors and Node's own (https://nodejs.org/api/tls.html, X509 certificate error codes)
  if (/CERT|SSL|TLS|ISSUER|SELF_SIGNED|CRL|ALTNAME/.test(code)) return 'tls';
  return 'connection';
}
