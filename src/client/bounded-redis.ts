import { redactor } from '../log/redact.ts';
import { addressOf, connectionFault, type ConnectionFault } from '../redis/connection-fault.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { endedBy } from './ended-by.ts';
import { ClosedError, RedisReplyError, RedisUnavailableError } from './errors.ts';

// Error replies that are about the state of Redis or the login, and may be over later.
const PASSING = /^(WRONGPASS|NOAUTH|LOADING|MASTERDOWN|CLUSTERDOWN|READONLY|TRYAGAIN)\b/;

// A connection that is there and silent, or not there yet.
const NO_FAULT: ConnectionFault = {
  cause: 'it said nothing',
  check: 'check that it runs, its address, and whether it speaks TLS (rediss://) or not (redis://)',
};

/**
 * A connection whose every use has an end. A command is sent only once Redis is ready, so that a call that has failed
 * for want of Redis does not take effect long afterwards. All errors are this library's own: those of ioredis carry
 * the command with its arguments, the password among them.
 */
export class BoundedRedis {
  readonly client: RedisClient;
  readonly #timeoutMs: number;
  readonly #closing: AbortSignal;
  #lastFault: ConnectionFault | undefined;
  #ready: Promise<void> | undefined;

  /**
   * @param timeoutMs how long a use may take, ms
   * @param closing aborted with a ClosedError when the client is closed
   */
  constructor(client: RedisClient, timeoutMs: number, closing: AbortSignal) {
    this.client = client;
    this.#timeoutMs = timeoutMs;
    this.#closing = closing;
    client.on('error', (error: Error) => {
      this.#lastFault = connectionFault(error);
    });
  }

  /** Whether the connection has ended for good. */
  get ended(): boolean {
    return this.client.status === 'end';
  }

  /**
   * Sends what a use consists of, once Redis is ready.
   *
   * @throws RedisUnavailableError if that takes too long or the connection is lost
   * @throws RedisReplyError if Redis refuses the command
   * @throws ClosedError when the client is closed
   */
  async run<T>(use: (client: RedisClient) => Promise<T>): Promise<T> {
    this.#closing.throwIfAborted();
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(this.#unavailable(`did not answer within ${this.#timeoutMs} ms`, this.#lastFault));
    }, this.#timeoutMs);
    const end = AbortSignal.any([this.#closing, late.signal]);
    try {
      await endedBy(end, this.#whenReady());
      return await endedBy(end, use(this.client));
    } catch (error) {
      throw this.#own(error as Error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** All who wait share one promise, and so one set of listeners. */
  #whenReady(): Promise<void> {
    const { client } = this;
    if (client.status === 'ready') return Promise.resolve();
    if (this.ended) return Promise.reject(this.#unavailable('has no connection any more', this.#lastFault));
    if (client.status === 'wait') client.connect().catch(() => undefined); // made with ioredis's lazyConnect
    this.#ready ??= new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        client.off('ready', settle).off('end', settle);
        this.#ready = undefined;
        if (this.ended) reject(this.#unavailable('has no connection any more', this.#lastFault));
        else resolve();
      };
      client.on('ready', settle).on('end', settle);
    });
    return this.#ready;
  }

  #own(error: Error): Error {
    if (this.#closing.aborted) return this.#closing.reason as ClosedError;
    if ([RedisUnavailableError, TypeError, SyntaxError].some((known) => error instanceof known)) return error;
    const message = this.#clean(error.message);
    if (error.name !== 'ReplyError' || PASSING.test(message))
      return this.#unavailable('gave no result', connectionFault(error));
    return new RedisReplyError(`Redis refuses the command: ${message}`);
  }

  #unavailable(what: string, fault = NO_FAULT): RedisUnavailableError {
    const text = `Redis at ${addressOf(this.client)} ${what}: ${fault.cause}; ${fault.check}`;
    return new RedisUnavailableError(this.#clean(text));
  }

  #clean(text: string): string {
    const { options } = this.client;
    const { password } = 'redisOptions' in options ? (options.redisOptions ?? {}) : (options as { password?: string });
    return password ? redactor(password)(text) : text;
  }
}
