import { on } from 'node:events';
import type { AlertEvent } from '../contract/alert.ts';
import { endedBy } from './ended-by.ts';
import type { Subscription } from './subscription.ts';

/** Alerts as they are published, until the signal is aborted. @param published closed at the end */
export async function* readAlerts(
  published: Subscription,
  signal: AbortSignal,
): AsyncGenerator<AlertEvent, void, undefined> {
  try {
    const messages = on(published.messages, 'message', { signal: AbortSignal.any([signal, published.ended]) });
    await endedBy(signal, published.ready());
    for await (const [text] of messages as AsyncIterable<[text: string]>) yield JSON.parse(text) as AlertEvent;
  } catch (error) {
    if (signal.aborted) return;
    throw published.ended.aborted ? published.ended.reason : error;
  } finally {
    published.close();
  }
}
