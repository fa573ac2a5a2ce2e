import { inFlight, judge, NO_ANSWER, RANK, REDIS_AWAY, type Judgement, type Problem, type Severity } from './judge.ts';
import type { AccountsView, AccountView } from './state.ts';
import { count } from './words.ts';

export type JudgedAccount = { readonly view: AccountView; readonly judgement: Judgement };

/** A problem, and the accounts that have it. */
export type SharedProblem = Problem & { readonly accounts: readonly string[] };

/** Whether all is well with all accounts. Those that need somebody come first, of the accounts and of the problems. */
export type AccountsJudgement = {
  readonly severity: Severity;
  readonly sentence: string;
  readonly problems: readonly SharedProblem[];
  readonly accounts: readonly JudgedAccount[];
};

/** Judges all accounts together. What several have in common is one problem. Pure. */
export function judgeAccounts({ awake, asleep, redisUp }: AccountsView): AccountsJudgement {
  const accounts = awake
    .map((view) => ({ view, judgement: judge(view.state, view.name, redisUp) }))
    .sort((a, b) => RANK[a.judgement.severity] - RANK[b.judgement.severity] || byName(a.view.name, b.view.name));
  const problems = redisUp ? shared(accounts) : [{ ...REDIS_AWAY, accounts: [] }];
  const sorted = [...problems].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  const sentence = redisUp ? activity(awake, asleep) : NO_ANSWER;
  return { severity: sorted[0]?.severity ?? 'good', sentence, problems: sorted, accounts };
}

function shared(accounts: readonly JudgedAccount[]): SharedProblem[] {
  const byWords = new Map<string, Problem & { readonly accounts: string[] }>();
  for (const { view, judgement } of accounts) {
    for (const problem of judgement.problems) {
      const words = `${problem.what}\n${problem.remedy}`;
      const known = byWords.get(words) ?? { ...problem, accounts: [] };
      known.accounts.push(view.name);
      byWords.set(words, known);
    }
  }
  return [...byWords.values()];
}

function activity(awake: readonly AccountView[], asleep: readonly string[]): string {
  const faxes = awake.reduce((all, { state }) => all + (state ? inFlight(state.fleet) : 0), 0);
  const flying = count(faxes, 'fax', 'faxes');
  const busy = `${count(awake.length, 'account is', 'accounts are')} awake, with ${flying} in flight`;
  if (asleep.length === 0) return `${busy}.`;
  return `${busy}; ${count(asleep.length, 'sleeps', 'sleep')}, with nothing in flight.`;
}

/** By code unit: names are of `a-z 0-9 -`. */
const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
