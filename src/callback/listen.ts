import type { FastifyInstance } from 'fastify';
import type { Log } from '../log/log.ts';
import type { Settings } from '../settings/table.ts';

/**
 * Lets the server listen where the settings say. If the port is taken, the worker goes on without.
 *
 * @throws Node's error with its code, such as `EACCES`
 */
export async function listen(
  server: FastifyInstance,
  { CALLBACK_HOST: host, CALLBACK_PORT: port }: Pick<Settings, 'CALLBACK_HOST' | 'CALLBACK_PORT'>,
  log: Log,
): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    // Several workers of one machine share the settings: the first takes callbacks for all of them.
    log.warn({ host, port }, 'port taken: this worker takes no callbacks; set CALLBACK_PORT, 0 for none');
    return;
  }
  log.info({ host, port }, 'callbacks are taken');
}
