import { on } from 'node:events';
import { endedBy } from './ended-by.ts';
import type { Subscription } from './subscription.ts';

/**
 * What is published, as it comes, until the signal is aborted.
 *
 * @param subscription closed at the end
 * @param wanted whether messages of a channel count; all do if left out
 */
export async function* readPublished<Event>(
  subscription: Subscription,
  signal: AbortSignal,
  wanted: (channel: string) => boolean = () => true,
): AsyncGenerator<Event, void, undefined> {
  try {
    const messages = on(subscription.messages, 'message', { signal: AbortSignal.any([signal, subscription.ended]) });
    await endedBy(signal, subscription.ready());
    for await (const [text, channel] of messages as AsyncIterable<[text: string, channel: string]>) {
      if (wanted(channel)) yield JSON.parse(text) as Event;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw subscription.ended.aborted ? subscription.ended.reason : error;
  } finally {
    subscription.close();
  }
}
