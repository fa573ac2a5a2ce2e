import { existsSync, readFileSync } from 'node:fs';
import { isSettingName, type SettingName } from './table.ts';

type ConfigFile = Readonly<{ values: Partial<Record<SettingName, unknown>>; problems: readonly string[] }>;

/** The settings in `config/<NODE_ENV>.json`, unread as yet, and what is wrong with it as a whole. */
export function readConfigFile(env: NodeJS.ProcessEnv): ConfigFile {
  const file = configFileOf(env);
  if (file === undefined) return { values: {}, problems: [] };
  const name = `config/${file.pathname.split('/').at(-1) ?? ''}`;
  const json = parse(readFileSync(file, 'utf8'));
  if (!isObject(json)) return { values: {}, problems: [`${name}: must be a JSON object`] };
  const unknown = Object.keys(json).filter((key) => !isSettingName(key));
  const nested = Object.keys(json).filter((key) => isSettingName(key) && isObject(json[key]));
  return {
    values: Object.fromEntries(Object.entries(json).filter(([key]) => ![...unknown, ...nested].includes(key))),
    problems: [
      ...unknown.map((key) => `${key}: no such setting (${name})`),
      ...nested.map((key) => `${key}: must not be an object (${name})`),
    ],
  };
}

/** The file that `NODE_ENV` asks for, or `config/default.json` without one; undefined if there is none. */
export function configFileOf(env: NodeJS.ProcessEnv): URL | undefined {
  const name = env['NODE_ENV'] || 'default';
  const file = new URL(`../../config/${name}.json`, import.meta.url);
  return /^[a-z]+$/.test(name) && existsSync(file) ? file : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
