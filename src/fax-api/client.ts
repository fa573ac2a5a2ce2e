import { randomUUID } from 'node:crypto';
import { parse } from 'lossless-json';
import { z } from 'zod';
import { redactor } from '../log/redact.ts';
import type { Settings } from '../settings/table.ts';
import type { Answer, AnswerContent, RateHeaders } from './answer.ts';
import { ownWords } from './own-words.ts';
import { rateHeaders } from './rate-headers.ts';
import { faultOf, Transport, type TransportSettings } from './transport.ts';

const MAX_BODY_BYTES = 64 * 1024; // a longer body is a server fault
const MAX_MESSAGE_CHARS = 1024; // of the API's message that are kept and shown

// A message with broken characters could match a wording that it never said.
const utf8 = new TextDecoder('utf-8', { fatal: true });

const Body = z.object({
  status: z.string(),
  message: z.string().nullish(),
  user_cash_balance: z.unknown().optional(),
});

const Words = z.object({ message: z.string() });

export type FaxApiSettings = TransportSettings & Pick<Settings, 'WORKER_CONCURRENCY'>;

/**
 * Asks Fax.to for the status of one fax: one request, one typed answer. It never throws, as a request that fails is an
 * answer too, and it never retries: that is up to the schedule. A client library's error may hold the URL with the key,
 * so none leaves this file.
 */
export class FaxApiClient {
  readonly #transport: Transport;
  readonly #redactors: ((text: string) => string)[]; // of each key so far: a late answer may echo the one before

  constructor(settings: FaxApiSettings) {
    this.#transport = new Transport(settings, MAX_BODY_BYTES, settings.WORKER_CONCURRENCY);
    this.#redactors = [redactor(settings.FAX_API_KEY)];
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
      const { statusCode, headers, body } = await this.#transport.request(`/fax/${faxId}/status`, requestId);
      rate = rateHeaders(headers, Date.now());
      return answer(this.#read(statusCode, body));
    } catch (error) {
      return answer({ kind: 'fault', fault: faultOf(error) });
    }
  }

  /** From the next request on another key is sent. */
  useKey(key: string): void {
    this.#redactors.push(redactor(key));
    this.#transport.useKey(key);
  }

  /** Closes the connections, whatever is under way on them. */
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

  #clean(text: string): string {
    return this.#redactors.reduce((clean, redact) => redact(clean), text).slice(0, MAX_MESSAGE_CHARS);
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
