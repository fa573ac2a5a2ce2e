import { FaxStatusClient } from '../client/client.ts';
import { loadSettings, type Settings } from '../config.ts';
import { createLog } from '../log.ts';
import { connectRedis } from '../redis/connect.ts';
import { CommandError, EX_UNAVAILABLE } from './failure.ts';

const PATIENCE_MS = 5_000;

/** What the small commands share: a client on the Redis of the settings, closed at the end. Ctrl-C aborts `signal`. */
export async function withClient<T>(use: (client: FaxStatusClient, signal: AbortSignal) => Promise<T>): Promise<T> {
  const settings = loadSettings(process.env, false);
  if (settings.REDIS_URL === 'embedded') {
    throw new CommandError('REDIS_URL=embedded is the Redis of one process: set the URL that it printed at its start', EX_UNAVAILABLE);
  }
  const log = await createLog('silent', []);
  const redis = await connectRedis(settings, log);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  process.once('SIGTERM', () => interrupt.abort());
  const client = new FaxStatusClient({ redis: () => redis.duplicate(), ...names(settings) });
  try {
    await reachable(redis.client.ping());
    return await use(client, interrupt.signal);
  } finally {
    client.close().catch(() => undefined); // nothing is left to say if Redis is away
    await redis.close();
  }
}

const names = (settings: Settings): { queueName: string; queuePrefix: string; keyPrefix: string } => ({
  queueName: settings.QUEUE_NAME,
  queuePrefix: settings.QUEUE_PREFIX,
  keyPrefix: settings.KEY_PREFIX,
});

async function reachable(ping: Promise<unknown>): Promise<void> {
  ping.catch(() => undefined);
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), PATIENCE_MS).unref());
  if ((await Promise.race([ping, late])) === 'late') {
    throw new CommandError(`Redis does not answer: check REDIS_URL and that it runs`, EX_UNAVAILABLE);
  }
}
