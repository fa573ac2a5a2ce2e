import { configFileOf } from './config-file.ts';
import { editDistance } from './edit-distance.ts';
import { isSettingName, SETTING_NAMES } from './table.ts';

const MAX_EDITS = 2;
const CHARS_PER_EDIT = 6; // so that REDIS_SSL is no misspelt REDIS_URL

/** Probable mistakes in an environment that is otherwise valid: one line each, without a value. */
export function settingsWarnings(env: NodeJS.ProcessEnv): string[] {
  const lines = Object.keys(env).flatMap((name) => {
    const meant = env[name] === '' || isSettingName(name) ? undefined : settingLike(name);
    return meant === undefined ? [] : [`${name}: no such setting; did you mean ${meant}?`];
  });
  if (env['NODE_ENV'] && configFileOf(env) === undefined) lines.push('NODE_ENV: config/ has no file of that name');
  return lines;
}

function settingLike(name: string): string | undefined {
  const edits = Math.min(MAX_EDITS, Math.floor(name.length / CHARS_PER_EDIT));
  const near = SETTING_NAMES.map((known) => ({ known, distance: editDistance(name, known) }));
  return near.filter(({ distance }) => distance <= edits).sort((a, b) => a.distance - b.distance)[0]?.known;
}
