import { SETTING_NAMES, SETTINGS, type Settings } from './table.ts';
import type { Setting } from './setting.ts';

const SECRETS = SETTING_NAMES.flatMap((name) => {
  const { secret }: Setting<unknown> = SETTINGS[name];
  return secret === undefined ? [] : [{ name, secret }];
});

/** What no output may contain: every secret of the settings, in each form in which it occurs there. */
export function secretsOf(settings: Settings): string[] {
  return SECRETS.flatMap(({ name, secret }) => {
    const value = settings[name];
    if (typeof value !== 'string') return [];
    return secret === 'whole' ? [value] : passwordsIn(value);
  }).filter((text) => text !== '');
}

/** Removes the secrets from an environment: once they are read, no child process or crash report needs them. */
export function forgetSecrets(env: NodeJS.ProcessEnv): void {
  for (const { name } of SECRETS) Reflect.deleteProperty(env, name);
}

/** The password of a URL, as written and decoded. */
function passwordsIn(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { password, searchParams } = new URL(text);
  return [password, decoded(password), searchParams.get('password') ?? '']; // ioredis takes one from the query, too
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
