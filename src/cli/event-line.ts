import type { FaxCompletedEvent } from '../results/event.ts';
import type { FaxResult } from '../results/result.ts';

/** A finished fax in one line for people. Control characters in the API's message are shown as spaces. */
export function resultLine(result: FaxResult): string {
  const message = result.message.replace(/\p{Cc}+/gu, ' ').slice(0, 80);
  return `${result.completedAt}  ${result.state.padEnd(9)}  ${String(result.faxJobId).padEnd(12)}  ${result.reason}, ${result.polls} polls  ${message}`;
}

export const eventLine = (event: FaxCompletedEvent, json: boolean): string => (json ? JSON.stringify(event) : resultLine(event.data));
