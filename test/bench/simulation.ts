import {
  binOf,
  emptyTable,
  estimate,
  hazards,
  learnCompletion,
  learnPending,
  type LifeTable,
} from '../../src/schedule/life-table.ts';
import { shippedPrior } from '../../src/schedule/prior.ts';
import { SurvivalCurve, worth } from '../../src/schedule/worth.ts';
import { optimum, type Optimum } from './optimum.ts';
import { sendings, type Distribution, type Trace } from './trace.ts';

// The service's own model and worth without Redis or network, at one request a second: how good the choice of faxes is.

const SHIPPED = shippedPrior();
const POLL_MIN_INTERVAL_MS = 5_000;
const REFRESH_MS = 1_000;
const REMEMBERED = 1_000;
const [WARM_UP, MEASURED] = [200, 600]; // faxes
const FOLLOWING_MS = 2_400_000; // for which others are sent after those measured, so that all are found under load
const KNOWN_FROM = 20_000; // faxes

/** What chooses the fax that is polled at a slot. */
export type System = {
  readonly name: string;
  readonly pacePerSecond: number;
  /** Whether, of all faxes last known pending in one bin of age, only the one asked longest ago is considered. */
  readonly headsOnly: boolean;
  /** How many slots ahead it is chosen. */
  readonly ahead: number;
  /** Whether the distribution is known from the start. */
  readonly known: boolean;
};

/** Mean lag over that of the optimal schedule on the same faxes: until 200 of them were seen, and after that. */
export type Ratios = { readonly first: number; readonly then: number };

type Fax = {
  readonly sentAt: number;
  readonly takesMs: number;
  readonly drawnFrom: Distribution;
  pendingAge: number;
  bin: number;
  polledAt: number;
  seenAt: number;
  chosen: boolean;
};

/** @param polls requests allowed per fax, at one request a second */
export function simulate(trace: Trace, polls: number, seed: number, system: System): Ratios {
  const slotMs = 1000 / system.pacePerSecond;
  const arrivals = arrivalsOf(trace, polls, seed);
  const sentAt = (fax: number): number => (arrivals[fax] as Fax).sentAt;
  const end = sentAt(WARM_UP + MEASURED);
  const outageFrom = trace.outage ? sentAt(trace.outage.afterFaxes) : Infinity;
  const outageTo = outageFrom + (trace.outage?.seconds ?? 0) * 1000;
  const model = system.known ? knownModel(trace, polls) : learningModel();
  const inFlight = new Set<Fax>();
  const ahead: Fax[] = [];
  let [arrived, seen, warmAt] = [0, 0, Infinity];
  for (let [now, refresh] = [0, 0]; now < end + FOLLOWING_MS; now += slotMs) {
    for (; arrived < arrivals.length && sentAt(arrived) <= now; arrived += 1) inFlight.add(arrivals[arrived] as Fax);
    if (now >= refresh) {
      model.refresh();
      refresh = now + REFRESH_MS;
    }
    if (now >= outageFrom && now < outageTo) continue;
    const chosen = choose(inFlight, now, model.curve, system.headsOnly);
    if (chosen) {
      chosen.chosen = true;
      ahead.push(chosen);
    }
    if (ahead.length <= system.ahead) continue;
    const fax = ahead.shift() as Fax;
    const age = now - fax.sentAt;
    fax.chosen = false;
    fax.polledAt = now;
    if (age >= fax.takesMs) {
      fax.seenAt = now;
      inFlight.delete(fax);
      model.completed(fax.pendingAge, age);
      seen += 1;
      if (seen === WARM_UP) warmAt = now;
    } else {
      model.pending(fax.pendingAge, age);
      fax.pendingAge = age;
      fax.bin = binOf(age);
    }
  }
  const ratioOf = (from: number, to: number): number => {
    let [lag, best] = [0, 0];
    for (const { sentAt, takesMs, seenAt, drawnFrom } of arrivals) {
      const at = sentAt + takesMs;
      const inOutage = at >= outageFrom && at < outageTo; // no schedule finds it
      if (at < from || at >= to || inOutage) continue;
      lag += Math.min(seenAt, end + FOLLOWING_MS) - at;
      best += optimumOf(drawnFrom, polls).lagOf(takesMs);
    }
    return lag / best;
  };
  return { first: ratioOf(0, warmAt), then: ratioOf(warmAt, end) };
}

function choose(inFlight: ReadonlySet<Fax>, now: number, curve: SurvivalCurve, headsOnly: boolean): Fax | undefined {
  let candidates: Iterable<Fax> = inFlight;
  if (headsOnly) {
    const heads = new Map<number, Fax>();
    for (const fax of inFlight) {
      const head = heads.get(fax.bin);
      const longer = !head || fax.sentAt + fax.pendingAge < head.sentAt + head.pendingAge;
      if (!fax.chosen && longer) heads.set(fax.bin, fax);
    }
    candidates = heads.values();
  }
  let [best, most] = [undefined as Fax | undefined, -1];
  for (const fax of candidates) {
    if (fax.chosen || now - fax.polledAt < POLL_MIN_INTERVAL_MS) continue;
    const value = worth(curve, fax.pendingAge, now - fax.sentAt);
    if (value > most) [best, most] = [fax, value];
  }
  return best;
}

type Model = {
  readonly curve: SurvivalCurve;
  pending(fromMs: number, toMs: number): void;
  completed(fromMs: number, toMs: number): void;
  refresh(): void;
};

/** What the service does: learned at each answer, taken over once a second, aged by half. */
function learningModel(): Model {
  let learned: LifeTable = emptyTable();
  let rates = SHIPPED;
  let curve = SurvivalCurve.of(rates);
  let completions = 0;
  const halved = (values: Float64Array): Float64Array => values.map((value) => value / 2);
  return {
    get curve() {
      return curve;
    },
    pending: (from, to) => learnPending(learned, from, to),
    completed(from, to) {
      learnCompletion(learned, rates, from, to);
      completions += 1;
    },
    refresh() {
      rates = estimate(learned, SHIPPED);
      curve = SurvivalCurve.of(rates);
      if (completions <= REMEMBERED) return;
      learned = { exposure: halved(learned.exposure), completions: halved(learned.completions) };
      completions /= 2;
    },
  };
}

function knownModel(trace: Trace, polls: number): Model {
  const table = emptyTable();
  for (const { takesMs } of arrivalsOf({ ...trace, burst: 1 }, polls, 0, KNOWN_FROM)) {
    learnPending(table, 0, takesMs);
    const bin = binOf(takesMs);
    table.completions[bin] = (table.completions[bin] ?? 0) + 1;
  }
  const nothing = (): void => undefined;
  return { curve: SurvivalCurve.of(hazards(table)), pending: nothing, completed: nothing, refresh: nothing };
}

/** The faxes of a trace: so many, or as many as a simulation needs. */
function arrivalsOf(trace: Trace, polls: number, seed: number, count?: number): Fax[] {
  const faxes: Fax[] = [];
  for (const sent of sendings(trace, 1 / polls, 1, seed * 31 + polls)) {
    const end = faxes[WARM_UP + MEASURED]?.sentAt ?? Infinity;
    if (count === undefined ? (sent[0]?.atMs ?? 0) > end + FOLLOWING_MS : faxes.length >= count) break;
    for (const { atMs, takesMs, drawnFrom } of sent) {
      const unasked = { pendingAge: 0, bin: 0, polledAt: -Infinity, seenAt: Infinity, chosen: false };
      faxes.push({ sentAt: atMs, takesMs, drawnFrom, ...unasked });
    }
  }
  return faxes;
}

const optima = new Map<string, Optimum>();

function optimumOf(distribution: Distribution, polls: number): Optimum {
  const key = `${distribution.name} ${polls}`;
  const known = optima.get(key) ?? optimum(distribution, 1, polls);
  optima.set(key, known);
  return known;
}
