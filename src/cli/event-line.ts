import { oneLine } from '../fax-api/wording.ts';
import type { FaxCompletedEvent } from '../contract/event.ts';
import type { FaxResult } from '../contract/result.ts';

/** One line about a finished fax, for people. */
export function resultLine(result: FaxResult): string {
  const [state, id] = [result.state.padEnd(9), String(result.faxJobId).padEnd(12)];
  const polls = pollCount(result.polls);
  return `${result.completedAt}  ${state}  ${id}  ${result.reason}, ${polls}  ${oneLine(result.message, 80)}`;
}

export const pollCount = (polls: number): string => (polls === 1 ? '1 poll' : `${polls} polls`);

export const eventLine = (event: FaxCompletedEvent, json: boolean): string =>
  json ? JSON.stringify(event) : resultLine(event.data);
