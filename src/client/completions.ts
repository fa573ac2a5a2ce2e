import { EventEmitter, once } from 'node:events';
import type { Keys } from '../keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import type { FaxCompletedEvent } from '../results/event.ts';
import { subscribe } from './subscribe.ts';

const LOOK_AGAIN_MS = 5_000; // should a publication have gone by while the subscriber was reconnecting

/** Wakes whoever waits for one fax. All share one subscription. */
export class Completions {
  readonly #finished = new EventEmitter().setMaxListeners(0);
  readonly #subscribed: Promise<unknown>;

  constructor(subscriber: RedisClient, keys: Keys) {
    subscriber.on('message', (_channel: string, message: string) => {
      this.#finished.emit(eventOf((JSON.parse(message) as FaxCompletedEvent).subject));
    });
    this.#subscribed = subscribe(subscriber, keys.completed);
  }

  /** Resolves when publications come in: what is looked up after that cannot fall in between. */
  async ready(): Promise<void> {
    await this.#subscribed;
  }

  /** Resolves at the next publication of a fax, after a while, or when told to stop; a wake-up from the call on is not lost. */
  async next(faxId: string, stop: AbortSignal): Promise<void> {
    await once(this.#finished, eventOf(faxId), { signal: AbortSignal.any([stop, AbortSignal.timeout(LOOK_AGAIN_MS)]) }).catch(() => undefined);
  }
}

// An emitter treats some names, such as "error", in its own way.
const eventOf = (faxId: string): string => `finished ${faxId}`;
