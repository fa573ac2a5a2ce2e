/**
 * Waits for work, but no longer than a signal allows. The work itself goes on; what becomes of it is ignored.
 *
 * @throws the signal's reason when it is aborted first
 */
export async function endedBy<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  work.catch(() => undefined); // it may fail when nobody listens any more
  signal.throwIfAborted();
  const settled = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: settled.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    settled.abort();
  }
}
