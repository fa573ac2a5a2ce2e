import { oneLine } from '../fax-api/wording.ts';
import type { FaxResult } from '../contract/result.ts';

/** One line about a finished fax, for people. */
export const resultLine = (result: FaxResult): string => `${result.completedAt}  ${outcome(result)}`;

/** The same where lines come as faxes finish: the time of day is enough, and leaves room on a narrow terminal. */
export const liveLine = (result: FaxResult): string => `${result.completedAt.slice(11, 19)}  ${outcome(result)}`;

function outcome({ state, faxJobId, reason, polls, message }: FaxResult): string {
  return `${state.padEnd(9)}  ${String(faxJobId).padEnd(8)}  ${reason}, ${pollCount(polls)}  ${oneLine(message, 80)}`;
}

export const pollCount = (polls: number): string => (polls === 1 ? '1 poll' : `${polls} polls`);
