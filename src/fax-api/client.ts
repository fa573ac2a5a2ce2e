import { randomUUID } from 'node:crypto';
import got, { type HandlerFunction, type Options } from 'got';
import { parse } from 'lossless-json';
import { z } from 'zod';
import type { Settings } from '../settings/table.ts';
import type { Answer, AnswerContent, Fault, RateHeaders } from './answer.ts';
import { ownWords } from './own-words.ts';
import { rateHeaders } from './rate-headers.ts';
import { redactor } from '../log/redact.ts';
import { Transport, type Reply } from './transport.ts';

const MAX_MESSAGE_CHARS = 1024; // of the API's message, what is kept and shown

const utf8 = new TextDecoder('utf-8', { fatal: true }); // a message with broken characters could match a wording that it never said

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

/**
 * Asks Fax.to for the status of one fax: one request, one typed answer (contract §2).
 * It never throws, for a request that fails is an answer too, and never retries: the schedule owns that.
 * An error of a client may hold the URL with the key, so none leaves this file.
 */
export class FaxApiClient {
  readonly #request: typeof got;
  readonly #transport: Transport;
  readonly #base: string;
  readonly #query: string; // put together once: got's searchParams costs as much as reading an answer
  readonly #redact: (text: string) => string;

  constructor(settings: FaxApiSettings) {
    const { FAX_API_METHOD: method, FAX_API_KEY: api_key } = settings;
    const form = String(new URLSearchParams({ api_key }));
    this.#base = settings.FAX_API_BASE_URL.replace(/\/+$/, '');
    this.#query = method === 'GET' ? `?${form}` : '';
    this.#redact = redactor(settings.FAX_API_KEY);
    this.#transport = new Transport(settings, method === 'POST' ? form : null);
    // In place of got's own stream, which takes a quarter of a poll's time. A handler may; its type says that it hands
    // on what got returns.
    const send = async (options: Options): Promise<unknown> => this.#transport.send(options);
    this.#request = got.extend({
      handlers: [send as HandlerFunction],
      method,
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
      const url = `${this.#base}/fax/${faxId}/status${this.#query}#${requestId}`;
      const { statusCode, headers, body } = await (this.#request.stream(url) as unknown as Promise<Reply>);
      rate = rateHeaders(headers, Date.now());
      return answer(this.#read(statusCode, body));
    } catch (error) {
      return answer({ kind: 'fault', fault: faultOf(error) });
    }
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    await this.#transport.close();
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

  readonly #clean = (text: string): string => this.#redact(text).slice(0, MAX_MESSAGE_CHARS);
}

/**
 * Parses JSON in which no key comes twice with different values: JSON.parse takes the last, and which one the API means
 * nobody knows. What is the same when it is written again had no key twice, which is cheaper to see than
 * lossless-json's way.
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
