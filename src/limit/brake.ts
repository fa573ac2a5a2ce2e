import { hash } from 'node:crypto';
import type { AlertDesk } from '../alerts/alert-desk.ts';
import type { Settings } from '../settings/table.ts';
import { BIN_SPAN, type Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import { holdTime, type BrakeReason } from './hold-time.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Turn } from './turn.ts';

// after so long without one good answer, the key itself may be what is refused
const KEY_REFUSED_AFTER_MS = 15 * 60_000;
const REMEMBER_MS = 60_000; // longer than any request of the last episode can still be under way

/** The brake as others see it; `undefined` in its place means that it is off. Times are ms since 1970. */
export type BrakeState = {
  readonly reason: BrakeReason;
  readonly refusals: number;
  readonly since: number;
  readonly heldUntil: number;
  /** Why, in a few words; empty where the reason is enough. */
  readonly cause: string;
};

/** A request that was refused, or failed together with most others. */
export type Refusal = {
  readonly reason: BrakeReason;
  readonly turn: Turn;
  readonly retryAfterMs: number | undefined;
  /** Whether the API has answered for the fax before. */
  readonly known: boolean;
  /** Why most requests fail, in a few words; `api_down` only. */
  readonly cause?: string;
};

export type BrakeParts = {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly limit: RateLimit;
  readonly alerts: AlertDesk;
};

/**
 * Stops polling for everyone when an answer is about everyone. Its state is shared in Redis:
 *
 * - free: requests go out at the pace. A refusal makes it held.
 * - held: no request goes out until the hold ends. The first claim after that makes it probing, and that job the probe.
 * - probing: the probe alone is under way. A good answer makes it free; another refusal makes it held, for longer. A
 *   probe whose worker dies is replaced once its time is over. The best probe is a fax that the API has answered for,
 *   then one never asked for, then one that was refused: each lets better ones go first for a least interval, if there
 *   are any.
 *
 * Refusals in a row are counted once per hold, not once per request, and forgotten at the first good answer.
 */
export class Brake {
  readonly #redis: RedisClient;
  readonly #keys: Keys;
  readonly #limit: RateLimit;
  readonly #alerts: AlertDesk;
  readonly #minMs: number;
  #key: string;
  readonly #refuse: Script<
    [counted: number, before: string, reason: string, refusals: number, since: number, heldMs: number, now: number]
  >;
  readonly #release: Script<[] | [reason: BrakeReason, since: number, cause: string]>;

  constructor(
    { redis, keys, limit, alerts }: BrakeParts,
    settings: Pick<Settings, 'POLL_MIN_INTERVAL_MS' | 'FAX_API_KEY'>,
  ) {
    this.#redis = redis;
    this.#keys = keys;
    this.#limit = limit;
    this.#alerts = alerts;
    this.#minMs = settings.POLL_MIN_INTERVAL_MS;
    this.#key = digestOf(settings.FAX_API_KEY);
    this.#refuse = loadScript(redis, new URL('./brake-refuse.lua', import.meta.url));
    this.#release = loadScript(redis, new URL('./brake-release.lua', import.meta.url));
  }

  /**
   * Puts the brake on, or prolongs it. Alerts once per episode; the pace is halved once per episode of `rate_limited`,
   * but not again so soon for a fax that the API never answered for: it may refuse that one always, and there may be
   * many of its kind.
   *
   * @returns for how long polling is held from now, ms
   */
  async onRefusal({ reason, turn, retryAfterMs, known, cause = '' }: Refusal): Promise<number> {
    const holdMs = Math.ceil(holdTime(reason, turn.refusals, retryAfterMs, Math.random()));
    const { brake, candidates, answered, inFlight } = this.#keys;
    const named = retryAfterMs === undefined ? 0 : 1;
    const [counted, before, , inARow, since, heldMs, now] = await this.#refuse(
      [brake, candidates, answered, inFlight],
      [reason, turn.sentAt, holdMs, named, cause, this.#minMs, BIN_SPAN, this.#key],
    );
    if (heldMs > 0) await this.#limit.hold(heldMs);
    if (counted === 0) return heldMs;
    if (before !== reason) {
      if (before !== '') await this.#alerts.resolve(before as BrakeReason, 'another reason took its place');
      if (reason === 'rate_limited' && (known || !this.#limit.loweredLately)) await this.#limit.lower(now);
      await this.#alerts.raise(reason, alertText(reason, cause));
    } else if (
      reason === 'rate_limited' &&
      now - since >= KEY_REFUSED_AFTER_MS &&
      (await this.#redis.hsetnx(this.#keys.brake, 'escalated', 1)) === 1
    ) {
      await this.#alerts.raise(
        reason,
        `refused ${inARow} times in a row for 15 minutes without one good answer: the key itself may be refused`,
      );
    }
    return heldMs;
  }

  /** The answer to a probe says nothing about the refusal: the brake stays on for the same reason. */
  async prolong(fault: Omit<Refusal, 'reason'>): Promise<void> {
    const state = await this.state();
    if (!state) return;
    const cause = state.reason === 'api_down' ? (fault.cause ?? state.cause) : '';
    await this.onRefusal({ ...fault, reason: state.reason, cause });
  }

  /** The probe says nothing, as only its worker's key was refused: another may be sent at once. */
  async yieldProbe(): Promise<void> {
    await this.#redis.hset(this.#keys.brake, 'probeUntil', 0);
    await this.#limit.release();
  }

  /** A good answer to a probe: polling goes on. */
  async onGoodAnswer(): Promise<void> {
    const [reason, , cause] = await this.#release([this.#keys.brake], [REMEMBER_MS]);
    if (!reason) return;
    await this.#limit.release();
    await this.#alerts.resolve(reason, `the API gives good answers again${cause ? ` (it was down: ${cause})` : ''}`);
  }

  /**
   * A worker has started, perhaps with another key than those before it, or after its account was away.
   *
   * @returns whether the brake was on for another key, and went off
   */
  async onStart(): Promise<boolean> {
    const refused = await this.#redis.hget(this.#keys.brake, 'key');
    return refused !== null && refused !== this.#key && (await this.#releaseForKey());
  }

  /** The key was changed: a brake that is on for the one before goes off. @returns whether it was on */
  async onNewKey(key: string): Promise<boolean> {
    this.#key = digestOf(key);
    return this.#releaseForKey();
  }

  async #releaseForKey(): Promise<boolean> {
    const [reason] = await this.#release([this.#keys.brake], [REMEMBER_MS, 'unauthorized']);
    if (!reason) return false;
    await this.#limit.release();
    await this.#alerts.resolve(reason, 'the key was changed: polling goes on with the new one');
    return true;
  }

  async state(): Promise<BrakeState | undefined> {
    const { reason, refusals, since, heldUntil, cause = '' } = await this.#redis.hgetall(this.#keys.brake);
    if (!reason) return undefined;
    return {
      reason: reason as BrakeReason,
      refusals: Number(refusals),
      since: Number(since),
      heldUntil: Number(heldUntil),
      cause,
    };
  }
}

/** Tells keys apart, and gives none of them away. */
const digestOf = (key: string): string => hash('sha256', key).slice(0, 12);

const ALERT_TEXT: Readonly<Record<BrakeReason, string>> = {
  unauthorized:
    'the API refuses the key (401): polling stops until a probe succeeds; ' +
    'check the key in FAX_API_KEY, its file or ACCOUNTS_FILE',
  rate_limited:
    'the API refuses requests, as there are too many (403 or 429): polling pauses and goes on slower; ' +
    'check RATE_LIMIT_MAX',
  api_down: 'most requests to the API fail: polling slows down until it answers again',
};

const alertText = (reason: BrakeReason, cause: string): string =>
  cause === '' ? ALERT_TEXT[reason] : `${ALERT_TEXT[reason]} (${cause})`;
