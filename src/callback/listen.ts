import type { FastifyInstance } from 'fastify';
import type { Log } from '../log/log.ts';
import { ListenError } from '../settings/listen-error.ts';
import type { Settings } from '../settings/table.ts';
import { every } from '../timing/every.ts';

const AGAIN_MS = 2_000;

/**
 * Lets the server listen where the settings say. Several workers of one machine share the settings: the first takes
 * callbacks for all of them, and when it ends, another takes the port over.
 *
 * @returns what ends the tries
 * @throws ListenError if it never will
 */
export async function listen(
  server: FastifyInstance,
  { CALLBACK_HOST: host, CALLBACK_PORT: port }: Pick<Settings, 'CALLBACK_HOST' | 'CALLBACK_PORT'>,
  log: Log,
): Promise<Disposable> {
  const listens = async (): Promise<boolean> => {
    try {
      await server.listen({ host, port });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw new ListenError('CALLBACK', host, port, error);
      return false;
    }
    log.info({ host, port }, 'callbacks are taken');
    return true;
  };
  const tries = new DisposableStack();
  if (await listens()) return tries;
  log.warn(
    { host, port },
    'port taken: this worker takes no callbacks until it is free, which is right if another worker has it; ' +
      'otherwise set CALLBACK_PORT, 0 for none',
  );
  const failed = (err: unknown): void => log.debug({ err }, 'callbacks not taken: will try again');
  tries.use(every(AGAIN_MS, async () => (await listens()) && tries.dispose(), failed));
  return tries;
}
