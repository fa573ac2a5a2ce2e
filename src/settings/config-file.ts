import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isSettingName, type SettingName } from './table.ts';

type ConfigFile = Readonly<{ values: Partial<Record<SettingName, unknown>>; problems: readonly string[] }>;

/** The settings in `config/<NODE_ENV>.json`, their values unchecked, and what is wrong with the file as a whole. */
export function readConfigFile(env: NodeJS.ProcessEnv): ConfigFile {
  const file = configFileOf(env);
  if (file === undefined) return { values: {}, problems: [] };
  return parseConfigFile(`config/${basename(file.pathname)}`, readFileSync(file, 'utf8'));
}

/** @param name what problems call the file */
export function parseConfigFile(name: string, content: string): ConfigFile {
  const json = parse(content);
  if (!isObject(json)) return { values: {}, problems: [`${name}: must be a JSON object`] };
  const entries = Object.entries(json);
  return {
    values: Object.fromEntries(entries.filter(([key]) => isSettingName(key))),
    problems: entries.filter(([key]) => !isSettingName(key)).map(([key]) => `${key}: no such setting (${name})`),
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
