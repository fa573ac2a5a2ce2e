import { SETTING_NAMES, SETTINGS, type Settings } from './table.ts';
import type { Setting } from './setting.ts';

const SECRETS = SETTING_NAMES.flatMap((name) => {
  const { secret }: Setting<unknown> = SETTINGS[name];
  return secret === undefined ? [] : [{ name, secret }];
});

/** What must be in no output: every secret of the settings, in each way in which it is written there. */
export function secretsOf(settings: Settings): string[] {
  return SECRETS.flatMap(({ name, secret }) => {
    const value = settings[name];
    if (typeof value !== 'string') return [];
    return secret === 'whole' ? [value] : passwordsIn(value);
  }).filter((text) => text !== '');
}

/** Takes the secrets out of an environment: once read, a child process or a crash report has no use for them. */
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
