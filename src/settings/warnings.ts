import { configFileOf } from './config-file.ts';
import { nearest } from './edit-distance.ts';
import { isSettingName, SETTING_NAMES } from './table.ts';

/** Probable mistakes in an environment that is otherwise valid: one line each, without a value. */
export function settingsWarnings(env: NodeJS.ProcessEnv): string[] {
  const lines = Object.keys(env).flatMap((name) => {
    const meant = env[name] === '' || isSettingName(name) ? undefined : nearest(name, SETTING_NAMES);
    return meant === undefined ? [] : [`${name}: no such setting; did you mean ${meant}?`];
  });
  if (env['NODE_ENV'] && configFileOf(env) === undefined) lines.push('NODE_ENV: config/ has no file of that name');
  return lines;
}
