import closeWithGrace from 'close-with-grace';
import { loadSettings } from '../config.ts';
import { createLog } from '../log.ts';
import { startService, type Roles } from '../main.ts';

/** Runs the service until SIGTERM or SIGINT, then exits 0 within `SHUTDOWN_TIMEOUT_MS` (contract §4). */
export async function serve(roles: Roles): Promise<void> {
  const settings = loadSettings(process.env, roles.worker);
  // Read, so no longer needed: a child process or a crash report has no use for it.
  delete process.env['FAX_API_KEY'];
  const log = await createLog(settings.LOG_LEVEL, [settings.FAX_API_KEY, settings.DASHBOARD_PASSWORD]);
  const starting = startService(settings, roles, log);
  const grace = closeWithGrace({ delay: settings.SHUTDOWN_TIMEOUT_MS, logger: false }, async ({ signal, err }) => {
    if (err) log.fatal({ reason: err.message, stack: err.stack }, 'unforeseen error: stopping');
    else log.info({ signal }, 'stopping: finishing the jobs under way');
    await (await starting).close();
  });
  try {
    await starting;
  } catch (error) {
    grace.uninstall();
    throw error;
  }
}
