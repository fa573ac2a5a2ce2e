/**
 * Waits for a promise, but no longer than a time. The work behind it goes on; what becomes of it is ignored.
 *
 * @param ms how long to wait, ms
 * @param late makes the error of a promise that takes longer; without it, the wait ends in undefined
 */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined>;
export function within<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T>;
export async function within<T>(ms: number, promise: Promise<T>, late?: () => Error): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<undefined>((resolve, reject) => {
    timer = setTimeout(() => (late ? reject(late()) : resolve(undefined)), ms);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}
