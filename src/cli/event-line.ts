import { oneLine } from '../fax-api/wording.ts';
import type { FaxCompletedEvent } from '../results/event.ts';
import type { FaxResult } from '../results/result.ts';

/** A finished fax in one line for people. */
export function resultLine(result: FaxResult): string {
  return `${result.completedAt}  ${result.state.padEnd(9)}  ${String(result.faxJobId).padEnd(12)}  ${result.reason}, ${result.polls} polls  ${oneLine(result.message, 80)}`;
}

export const eventLine = (event: FaxCompletedEvent, json: boolean): string => (json ? JSON.stringify(event) : resultLine(event.data));
