import { loadRules, type ClassificationRule } from '../fax-api/classification-rules.ts';
import { checkSettings, loadSettings } from '../settings/load.ts';
import { forgetSecrets, secretsOf } from '../settings/secrets.ts';
import { SettingsError } from '../settings/settings-error.ts';
import type { Settings } from '../settings/table.ts';
import { settingsWarnings } from '../settings/warnings.ts';
import { redactErrors } from './failure.ts';

/**
 * The settings of a command, from the environment. Their secrets are removed from it, and from error messages.
 *
 * @param needsKey whether the command polls
 * @throws SettingsError
 */
export function readSettings(needsKey: boolean): Settings {
  const settings = loadSettings(process.env, needsKey);
  hideSecrets(settings);
  return settings;
}

/** What the service starts from. */
export type ServiceSettings = Readonly<{
  settings: Settings;
  rules: readonly ClassificationRule[];
  /** One line for each probable mistake, for the log. */
  warnings: readonly string[];
}>;

/**
 * As `readSettings`, with the rules in `CLASSIFICATION_FILE`.
 *
 * @throws SettingsError that names every wrong variable, all that is wrong with that file and what is probably misspelt
 */
export function readServiceSettings(needsKey: boolean): ServiceSettings {
  const { settings, problems } = checkSettings(process.env, needsKey);
  const [rules, ruleProblems] = checkRules(settings.CLASSIFICATION_FILE);
  const all = [...problems, ...ruleProblems];
  const warnings = settingsWarnings(process.env);
  if (all.length > 0) throw new SettingsError([...all, ...warnings]);
  hideSecrets(settings);
  return { settings, rules, warnings };
}

function checkRules(file: string | null): [rules: readonly ClassificationRule[], problems: readonly string[]] {
  try {
    return [loadRules(file), []];
  } catch (error) {
    if (error instanceof SettingsError) return [[], error.problems];
    throw error;
  }
}

function hideSecrets(settings: Settings): void {
  forgetSecrets(process.env);
  redactErrors(secretsOf(settings));
}
