import closeWithGrace from 'close-with-grace';
import { createLog, type Log } from '../log/log.ts';
import { Redaction } from '../log/redaction.ts';
import { startService, type Roles, type Service } from '../main.ts';
import { keyFileOf } from '../settings/key-files.ts';
import { secretsOf } from '../settings/secrets.ts';
import { redactErrors } from './failure.ts';
import { readServiceSettings } from './settings.ts';

/**
 * Runs the service until SIGTERM or SIGINT, then exits with code 0 within `SHUTDOWN_TIMEOUT_MS`.
 *
 * @param ready called once these signals are handled here
 */
export async function serve(roles: Roles, ready: () => void): Promise<void> {
  const { settings, rules, warnings } = readServiceSettings(roles.worker);
  const redaction = new Redaction(secretsOf(settings));
  const log = await createLog(settings.LOG_LEVEL, redaction);
  for (const warning of warnings) log.warn(warning);
  const starting = startService(settings, rules, roles, log, (secrets) => {
    redaction.add(secrets);
    redactErrors(secrets);
  });
  const hasKeyFile = keyFileOf(settings) !== null;
  // Else SIGHUP ends the process, as when its terminal is closed.
  if (hasKeyFile) process.on('SIGHUP', () => void readKeys(starting, log));
  const grace = closeWithGrace(
    { delay: settings.SHUTDOWN_TIMEOUT_MS, logger: false, skip: hasKeyFile ? ['SIGHUP', 'SIGINT'] : ['SIGINT'] },
    async ({ signal = 'SIGINT', err }) => {
      if (err) log.fatal({ reason: err.message, stack: err.stack }, 'unexpected error: stopping');
      else log.info({ signal }, 'stopping: finishing the jobs under way');
      await (await starting).close();
    },
  );
  onInterrupt(grace.close);
  ready();
  try {
    await starting;
  } catch (error) {
    grace.uninstall();
    throw error;
  }
}

const SAME_INTERRUPT_MS = 1_000;

/**
 * At Ctrl-C under npm the terminal sends SIGINT, and npm sends it once more: that is one interrupt, where
 * close-with-grace would take the second as the wish to end at once. One that comes later is that wish.
 */
function onInterrupt(stop: () => void): void {
  let firstAt: number | undefined;
  process.on('SIGINT', () => {
    if (firstAt !== undefined && performance.now() - firstAt > SAME_INTERRUPT_MS) process.exit(1);
    if (firstAt === undefined) stop();
    firstAt ??= performance.now();
  });
}

async function readKeys(starting: Promise<Service>, log: Log): Promise<void> {
  const service = await starting.catch(() => undefined); // which is reported elsewhere
  await service?.readKeys().catch((err: unknown) => log.warn({ err }, 'SIGHUP: the new keys are not in force'));
}
