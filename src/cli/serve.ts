import closeWithGrace from 'close-with-grace';
import { createLog } from '../log/log.ts';
import { startService, type Roles } from '../main.ts';
import { secretsOf } from '../settings/secrets.ts';
import { readServiceSettings } from './settings.ts';

/**
 * Runs the service until SIGTERM or SIGINT, then exits with code 0 within `SHUTDOWN_TIMEOUT_MS`.
 *
 * @param ready called once these signals are handled here
 */
export async function serve(roles: Roles, ready: () => void): Promise<void> {
  const { settings, rules, warnings } = readServiceSettings(roles.worker);
  const log = await createLog(settings.LOG_LEVEL, secretsOf(settings));
  for (const warning of warnings) log.warn(warning);
  const starting = startService(settings, rules, roles, log);
  const grace = closeWithGrace({ delay: settings.SHUTDOWN_TIMEOUT_MS, logger: false }, async ({ signal, err }) => {
    if (err) log.fatal({ reason: err.message, stack: err.stack }, 'unexpected error: stopping');
    else log.info({ signal }, 'stopping: finishing the jobs under way');
    await (await starting).close();
  });
  ready();
  try {
    await starting;
  } catch (error) {
    grace.uninstall();
    throw error;
  }
}
