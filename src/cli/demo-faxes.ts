import { fateOf, type Fate, type SimulatedAnswer } from '../simulator/fate.ts';

/** A fax of the demo: its fate, and when after the start it is final. */
export type DemoFax = { readonly id: number; readonly about: string; readonly fate: Fate; readonly finishMs: number };

const odd: SimulatedAnswer = {
  body: { status: 'success', message: 'Fax Was Passed To Carrier', user_cash_balance: 100.2 },
};
const after = (first: readonly SimulatedAnswer[], fate: Fate): Fate => ({ first, then: fate.then });

/** About thirty faxes, so that every kind of answer of the API is met. */
export function demoFaxes(): DemoFax[] {
  const rows: [about: string, finishMs: number, fate: Fate][] = [];
  const add = (about: string, finishMs: number, fate: Fate): number => rows.push([about, finishMs, fate]);
  for (const ms of [0, 0, 0]) add('sent at once', ms, fateOf('sent', ms));
  for (let i = 0; i < 13; i += 1) add('sent after a while', 3_000 + i * 900, fateOf('sent', 3_000 + i * 900));
  for (const ms of [4_000, 9_000, 13_000]) add('busy', ms, fateOf('busy', ms));
  for (const ms of [6_000, 11_000, 16_000]) add('no answer', ms, fateOf('no-answer', ms));
  for (const ms of [0, 5_000]) add('file error', ms, fateOf('file-error', ms));
  for (const ms of [7_000, 12_000]) add('hang-up', ms, fateOf('hangup', ms));
  add('404 at first', 8_000, after([{ code: 404 }], fateOf('sent', 8_000)));
  add('a 500 at first', 5_000, after([{ code: 500 }], fateOf('sent', 5_000)));
  add('a rate-limit refusal', 10_000, after([{ code: 403, headers: { 'retry-after': '1' } }], fateOf('sent', 10_000)));
  add('an unknown wording at first', 6_000, after([odd], fateOf('sent', 6_000)));
  return rows.map(([about, finishMs, fate], i) => ({ id: 201 + i, about, finishMs, fate }));
}
