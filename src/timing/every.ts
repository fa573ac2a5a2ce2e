/**
 * Repeats a step until it is disposed of, first after `ms`. A step that takes longer than that delays the next: two of
 * them never run at once. Like any interval, it keeps the process alive.
 *
 * @param ms from the start of one step to the start of the next, ms
 * @param failed gets what a step throws or rejects with; the steps go on
 */
export function every(ms: number, step: () => unknown, failed: (error: unknown) => void): Disposable {
  let running = false;
  const run = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      await step();
    } catch (error) {
      failed(error);
    } finally {
      running = false;
    }
  };
  const timer = setInterval(() => void run(), ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
