import type { Settings } from './settings.ts';

const SECRETS = ['FAX_API_KEY', 'DASHBOARD_PASSWORD'] as const;
const URLS = ['REDIS_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const; // which may hold a password

/** What must be in no output: every secret of the settings, in each way in which it is written there. */
export function secretsOf(settings: Settings): string[] {
  const texts = [...SECRETS.map((name) => settings[name]), ...URLS.flatMap((name) => passwordsIn(settings[name]))];
  return texts.filter((text): text is string => Boolean(text));
}

/** Takes the secrets out of an environment: once read, a child process or a crash report has no use for them. */
export function forgetSecrets(env: NodeJS.ProcessEnv): void {
  for (const name of [...SECRETS, ...URLS]) Reflect.deleteProperty(env, name);
}

/** The password of a URL, as written and decoded. */
function passwordsIn(text: string | null): string[] {
  if (text === null || !URL.canParse(text)) return [];
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
