import type { FaxProgress } from '../contract/progress.ts';
import type { BrakeState } from '../limit/brake.ts';
import { clockTime, count, duration } from './words.ts';

/** What the next poll of a fax depends on. Times are ms since 1970. */
export type BeforeNextPoll = {
  readonly progress: FaxProgress;
  readonly brake: BrakeState | undefined;
  readonly paused: boolean;
  readonly hinted: boolean;
  readonly candidate: boolean;
  readonly chosen: boolean;
  /** Since when another poll is expected at today's load: age of the fax, ms; undefined if that is unknown. */
  readonly expectedAt: number | undefined;
  readonly now: number;
};

/** When a fax is polled next, and why then, in words. Pure. */
export function nextPoll({
  progress,
  brake,
  paused,
  hinted,
  candidate,
  chosen,
  expectedAt,
  now,
}: BeforeNextPoll): string {
  if (paused) return 'Not until the queue is resumed: it is paused.';
  if (brake && brake.heldUntil > now) {
    return `Not before ${clockTime(brake.heldUntil)}: the brake is on for all faxes (${brake.reason}).`;
  }
  const { faults, refusedAt, refusedAlone, leftOver, nextPollAt } = progress;
  const at = nextPollAt === null ? undefined : Date.parse(nextPollAt);
  const when = at === undefined ? 'Soon' : at > now ? `In ${duration(at - now)}, at ${clockTime(at)}` : 'Now due';
  if (refusedAt !== null && refusedAlone) return `${when}: the API refuses this fax alone, so it backs off alone.`;
  if (refusedAt !== null) return `${when}: it was refused together with others, and lets another fax try first.`;
  if (faults > 0) return `${when}: it backs off after ${count(faults, 'server fault', 'server faults')} in a row.`;
  if (hinted) return 'Next of all: Fax.to has hinted that it may be final.';
  if (chosen) return 'Now: it was chosen, and waits for its slot of the rate limit.';
  if (candidate) {
    const likely =
      expectedAt === undefined ? '' : expectedAt > now ? `${inAbout(expectedAt - now)} at today’s load: ` : 'Soon: ';
    return `${likely}it competes for the next slots, and gets one when its poll is worth most.`;
  }
  if (leftOver) return `${when}: slots are left over, so it waits only for the least interval.`;
  return `${when}.`;
}

const inAbout = (ms: number): string => (ms < 1_000 ? 'In under 1 s' : `In about ${duration(ms)}`);
