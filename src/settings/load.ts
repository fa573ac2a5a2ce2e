import convict from 'convict';
import { readConfigFile } from './config-file.ts';
import { brokenRelations } from './relations.ts';
import { SettingsError } from './settings-error.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from './table.ts';
import { settingsWarnings } from './warnings.ts';

/** The settings, with the default in place of each wrong one, and one line for each of these. */
export type CheckedSettings = Readonly<{ settings: Settings; problems: readonly string[] }>;

/**
 * Reads all settings: environment over `config/<NODE_ENV>.json` over defaults.
 *
 * @param env the environment; an empty variable counts as unset, as Compose files pass those
 * @param needsKey whether this command polls, so that `FAX_API_KEY` is required
 * @throws SettingsError that names every wrong variable at once, and those that are probably misspelt
 */
export function loadSettings(env: NodeJS.ProcessEnv, needsKey: boolean): Settings {
  const { settings, problems } = checkSettings(env, needsKey);
  if (problems.length > 0) throw new SettingsError([...problems, ...settingsWarnings(env)]);
  return settings;
}

/** As `loadSettings`, for a caller that has more to check before it reports all problems. */
export function checkSettings(env: NodeJS.ProcessEnv, needsKey: boolean): CheckedSettings {
  const file = readConfigFile(env);
  const values = merged(env, file.values);
  const problems = new Map<SettingName, string>();
  const read = (name: SettingName): unknown => {
    const value = SETTINGS[name].read(values[name]);
    if (value === undefined) problems.set(name, SETTINGS[name].wanted);
    return value === undefined ? SETTINGS[name].default : value;
  };
  const settings = Object.fromEntries(SETTING_NAMES.map((name) => [name, read(name)])) as unknown as Settings;
  for (const [names, problem] of brokenRelations(settings, needsKey)) {
    if (!names.some((name) => problems.has(name))) problems.set(names[0], problem);
  }
  return { settings, problems: [...file.problems, ...Array.from(problems, ([name, wrong]) => `${name}: ${wrong}`)] };
}

/**
 * The values in force, unparsed: text or JSON. convict decides which source wins. It does not check them, as it reports
 * everything in one text that includes the values.
 */
function merged(env: NodeJS.ProcessEnv, file: Partial<Record<SettingName, unknown>>): Record<SettingName, unknown> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const schema = SETTING_NAMES.map((name) => {
    const { default: initial, doc } = SETTINGS[name];
    return [name, { default: initial, doc, env: name, format: '*' }] as const;
  });
  const config = convict<Record<string, unknown>>(Object.fromEntries(schema), { env: set, args: [] });
  return config.load(file).getProperties() as Record<SettingName, unknown>;
}
