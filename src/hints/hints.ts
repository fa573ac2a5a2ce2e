import type { Keys } from '../contract/keys.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { loadScript, type Script } from '../redis/script.ts';
import type { Verdict } from '../fax-api/classify.ts';
import { followUp } from './follow-up.ts';
import { encodeHint, type Hint, type HintObserver } from './hint.ts';
import type { HistoryRecord } from './history-record.ts';

const KEPT_MS = 15 * 60_000; // of a fax that is not in flight: its callback may come before its job

/**
 * What became of a hint: its fax is in flight and polled next, has its result already, or is not in flight and polled
 * at once if it is enqueued within 15 minutes.
 */
export type Taken = 'watched' | 'finished' | 'kept';

export type HintsParts = {
  readonly redis: RedisClient;
  readonly keys: Keys;
  readonly record: HistoryRecord;
  readonly observer: HintObserver;
  /** Called when a fax in flight was hinted: it should be chosen now. */
  readonly onWatched: () => void;
};

/** The one door for hints, whatever their source. */
export class Hints {
  readonly #parts: HintsParts;
  readonly #give: Script<Taken[]>;

  constructor(parts: HintsParts) {
    this.#parts = parts;
    this.#give = loadScript(parts.redis, new URL('./hint-give.lua', import.meta.url));
  }

  /**
   * Takes hints; once it returns, Redis has them.
   *
   * @throws the client's error while Redis is away
   */
  async give(hints: readonly { readonly faxId: string; readonly hint: Hint }[]): Promise<Taken[]> {
    if (hints.length === 0) return [];
    const { keys, observer, onWatched } = this.#parts;
    const { inFlight, hinted, hints: all, status, keptHint } = keys;
    const taken = await this.#give(
      [inFlight, hinted, all, ...hints.flatMap(({ faxId }) => [status(faxId), keptHint(faxId)])],
      [KEPT_MS, ...hints.flatMap(({ faxId, hint }) => [faxId, encodeHint(hint)])],
    );
    for (const [i, { hint }] of hints.entries()) if (taken[i] !== 'watched') observer.hinted(hint.source, 'unwatched');
    if (taken.includes('watched')) onWatched();
    return taken;
  }

  /**
   * The answer to a poll that a hint led to.
   *
   * @param refusedAlone whether it was a refusal of this fax, while others are answered
   * @param notBefore when the fax may be polled again, ms since 1970
   */
  async onAnswer(
    faxId: string,
    hint: Hint,
    { verdict, refusedAlone }: { readonly verdict: Verdict; readonly refusedAlone: boolean },
    notBefore: number,
  ): Promise<void> {
    const { record, observer } = this.#parts;
    const { outcome, left } = followUp(hint, verdict, refusedAlone);
    if (outcome) observer.hinted(hint.source, outcome);
    await Promise.all([
      outcome && hint.source === 'history' && record.onOutcome(hint.word, outcome),
      outcome === 'confirmed' && hint.source === 'callback' && record.onCallback(),
      left && this.#again(faxId, left, notBefore),
    ]);
  }

  async #again(faxId: string, hint: Hint, notBefore: number): Promise<void> {
    const { hinted, hints } = this.#parts.keys;
    await this.#parts.redis
      .multi()
      .zadd(hinted, 'NX', Math.ceil(notBefore), faxId)
      .hset(hints, faxId, encodeHint(hint))
      .exec();
  }
}
