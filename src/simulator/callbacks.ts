import { hash } from 'node:crypto';
import { Pool } from 'undici';
import { callbackForm } from './callback-form.ts';
import { endOf, type Fate } from './fate.ts';

export type CallbackOptions = {
  /** Where callbacks go: http or https, without user name and password. */
  readonly url: string;
  /** Time between the attempts at one callback, ms; 15 minutes if left out. */
  readonly repeatMs?: number;
  /** Share of faxes, 0 to 1, whose callback is never sent. */
  readonly loss?: number;
  /** Share of callbacks, 0 to 1, that are sent twice. */
  readonly doubles?: number;
};

type Delivery = {
  readonly faxId: string;
  readonly form: string;
  readonly copies: number;
  /** When the fax is final, ms since 1970. */
  readonly finalAt: number;
  timer?: NodeJS.Timeout;
};

const REPEAT_MS = 15 * 60_000;
const EXPIRY_MS = 48 * 3_600_000;
const TIMEOUT_MS = 10_000;
const MAX_UNDER_WAY = 32;
const MAX_DELIVERIES = 200_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Whether callbacks can go there. */
export function isCallbackUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, username, password } = new URL(url);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
}

/** How often the callback of a fax is sent at once: not at all, once or twice. The same for the same id, always. */
export function copiesOf(faxId: string, { loss = 0, doubles = 0 }: Pick<CallbackOptions, 'loss' | 'doubles'>): number {
  const draw = (of: string): number => hash('sha256', `${of} ${faxId}`, 'buffer').readUInt32BE() / 2 ** 32;
  if (draw('loss') < loss) return 0;
  return draw('doubles') < doubles ? 2 : 1;
}

/** When to try again, ms since 1970; undefined once the 48 hours in which a callback is repeated are over. */
export function nextAttemptAt(now: number, finalAt: number, repeatMs: number): number | undefined {
  return now + repeatMs <= finalAt + EXPIRY_MS ? now + repeatMs : undefined;
}

/**
 * Posts a form to the receiver when a fax becomes final, and again until it is answered 200. At most 32 at a time, and
 * of 200,000 faxes; those beyond get no callback.
 */
export class Callbacks {
  /** Attempts. */
  sent = 0;
  /** Attempts that were answered 200. */
  acknowledged = 0;
  readonly #shares: Pick<CallbackOptions, 'loss' | 'doubles'>;
  readonly #repeatMs: number;
  readonly #path: string;
  readonly #pool: Pool;
  readonly #deliveries = new Map<string, Delivery>();

  /**
   * @throws TypeError if the URL is none that callbacks can go to, without the URL, as that may hold a secret;
   *   RangeError if a share is not between 0 and 1, or the time between attempts is under 1 ms
   */
  constructor(options: CallbackOptions) {
    if (!isCallbackUrl(options.url))
      throw new TypeError('the callback URL must be an http or https URL without user name and password');
    const { loss = 0, doubles = 0, repeatMs = REPEAT_MS } = options;
    if (!(loss >= 0 && loss <= 1 && doubles >= 0 && doubles <= 1))
      throw new RangeError('loss and doubles of callbacks must be from 0 to 1');
    if (!(repeatMs >= 1)) throw new RangeError('callbacks must be at least 1 ms apart');
    const { origin, pathname, search } = new URL(options.url);
    this.#shares = { loss, doubles };
    this.#repeatMs = repeatMs;
    this.#path = pathname + search;
    this.#pool = new Pool(origin, {
      connections: MAX_UNDER_WAY,
      pipelining: 0, // no keep-alive: a receiver that closes an idle connection must not cost a callback 15 minutes
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
  }

  /** Calls back once a fax is final by its fate. A fax that is sent again gives up its earlier callback. */
  expect(faxId: string, fate: Fate, sentAt: number): void {
    clearTimeout(this.#deliveries.get(faxId)?.timer);
    this.#deliveries.delete(faxId);
    const end = endOf(fate);
    const copies = copiesOf(faxId, this.#shares);
    if (!end || copies === 0 || this.#deliveries.size >= MAX_DELIVERIES) return;
    const form = callbackForm(faxId, end.answer).toString();
    const delivery: Delivery = { faxId, form, copies, finalAt: sentAt + end.afterMs };
    this.#deliveries.set(faxId, delivery);
    this.#wait(delivery, delivery.finalAt);
  }

  async stop(): Promise<void> {
    for (const { timer } of this.#deliveries.values()) clearTimeout(timer);
    this.#deliveries.clear();
    await this.#pool.destroy();
  }

  /** A timer may fire before the clock is there, and cannot be longer than 24 days: so it looks, and waits again. */
  #wait(delivery: Delivery, until: number): void {
    const onTime = (): void => {
      if (Date.now() < until) this.#wait(delivery, until);
      else void this.#deliver(delivery);
    };
    delivery.timer = setTimeout(onTime, Math.min(Math.max(until - Date.now(), 0), MAX_TIMER_MS)).unref();
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { faxId, copies, form, finalAt } = delivery;
    const taken = await Promise.all(Array.from({ length: copies }, async () => this.#post(form)));
    if (this.#deliveries.get(faxId) !== delivery) return; // sent again meanwhile, or stopped
    const next = nextAttemptAt(Date.now(), finalAt, this.#repeatMs);
    if (taken.every(Boolean) || next === undefined) this.#deliveries.delete(faxId);
    else this.#wait(delivery, next);
  }

  /** Whether the receiver took it. One that cannot be reached did not. */
  async #post(form: string): Promise<boolean> {
    this.sent += 1;
    try {
      const { statusCode, body } = await this.#pool.request({
        method: 'POST',
        path: this.#path,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form,
      });
      await body.dump();
      if (statusCode !== 200) return false;
    } catch {
      return false;
    }
    this.acknowledged += 1;
    return true;
  }
}
