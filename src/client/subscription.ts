import { EventEmitter, once } from 'node:events';
import type { RedisClient } from '../redis/redis-client.ts';
import type { BoundedRedis } from './bounded-redis.ts';
import { RedisUnavailableError } from './errors.ts';

const LOOK_AGAIN_MS = 5_000; // in case a publication was missed while the connection was away

/** What to listen to: one channel, or all that match a pattern of PSUBSCRIBE. */
export type Source = { readonly channel: string } | { readonly pattern: string };

/**
 * A connection that listens to one source, and subscribes again each time it comes back. ioredis can do that by
 * itself, but nobody handles its promise: closing a client at that moment would end the process with an unhandled
 * rejection.
 */
export class Subscription {
  /** Emits `message`, and no `error` when the connection is away for a while: whoever listens goes on. */
  readonly messages = new EventEmitter<{ message: [text: string, channel: string] }>().setMaxListeners(0);
  /** Aborted when the connection has ended for good. */
  readonly ended: AbortSignal;
  readonly #redis: BoundedRedis;
  readonly #source: Source;
  #subscribed: Promise<unknown> | undefined;

  constructor(redis: BoundedRedis, source: Source) {
    this.#redis = redis;
    this.#source = source;
    const { client } = redis;
    const ended = new AbortController();
    this.ended = ended.signal;
    client.once('end', () => ended.abort(new RedisUnavailableError('the connection to Redis has ended: start again')));
    client.on('message', (channel: string, text: string) => this.messages.emit('message', text, channel));
    client.on('pmessage', (_pattern: string, channel: string, text: string) =>
      this.messages.emit('message', text, channel),
    );
    if (!('autoResubscribe' in client.options)) return; // a cluster has none, and handles the promise
    client.options.autoResubscribe = false;
    client.on('ready', () => void this.#subscribe(client).catch(() => undefined));
  }

  /** Resolves once publications are received. Rejects as BoundedRedis does, and can be called again. */
  async ready(): Promise<void> {
    this.#subscribed ??= this.#redis.run((client) => this.#subscribe(client));
    try {
      await this.#subscribed;
    } catch (error) {
      this.#subscribed = undefined;
      throw error;
    }
  }

  /** Resolves at the next publication, after a while, or when told to stop; one from the call on is not lost. */
  async next(stop: AbortSignal): Promise<void> {
    const either = AbortSignal.any([stop, this.ended, AbortSignal.timeout(LOOK_AGAIN_MS)]);
    await once(this.messages, 'message', { signal: either }).catch(() => undefined);
  }

  close(): void {
    this.#redis.client.disconnect();
  }

  async #subscribe(client: RedisClient): Promise<unknown> {
    return 'pattern' in this.#source ? client.psubscribe(this.#source.pattern) : client.subscribe(this.#source.channel);
  }
}
