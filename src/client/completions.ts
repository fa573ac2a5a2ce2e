import { EventEmitter, once } from 'node:events';
import type { FaxCompletedEvent } from '../contract/event.ts';
import type { Subscription } from './subscription.ts';

const LOOK_AGAIN_MS = 5_000; // in case a publication was missed while the connection was away

/** Wakes whoever waits for one fax. All share one subscription. */
export class Completions {
  readonly #finished = new EventEmitter().setMaxListeners(0);
  readonly #published: Subscription;

  constructor(published: Subscription) {
    this.#published = published;
    published.messages.on('message', (text) => {
      this.#finished.emit(eventOf((JSON.parse(text) as FaxCompletedEvent).subject));
    });
  }

  /** Resolves once publications are received: nothing that is looked up after that is missed in between. */
  async ready(): Promise<void> {
    await this.#published.ready();
  }

  /** Resolves at the next publication of a fax, after a while, or when told to stop; none from the call on is lost. */
  async next(faxId: string, stop: AbortSignal): Promise<void> {
    const either = AbortSignal.any([stop, AbortSignal.timeout(LOOK_AGAIN_MS)]);
    await once(this.#finished, eventOf(faxId), { signal: either }).catch(() => undefined);
  }
}

// An emitter treats some names, such as "error", in its own way.
const eventOf = (faxId: string): string => `finished ${faxId}`;
