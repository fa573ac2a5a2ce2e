import { loadSettings, type Settings } from '../settings/settings.ts';
import { forgetSecrets, secretsOf } from '../settings/secrets.ts';
import { redactErrors } from './failure.ts';

/**
 * The settings of a command, from the environment. Their secrets are taken out of it, and out of what errors say.
 *
 * @param needsKey whether the command polls
 * @throws SettingsError
 */
export function readSettings(needsKey: boolean): Settings {
  const settings = loadSettings(process.env, needsKey);
  forgetSecrets(process.env);
  redactErrors(secretsOf(settings));
  return settings;
}
