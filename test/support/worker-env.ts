export type WorkerEnvOptions = {
  readonly apiKey: string;
  readonly apiUrl: string;
  readonly redisUrl: string;
  /** Of the queue, and of all keys and channels outside it. */
  readonly name: string;
  readonly perSecond: number;
  /** What else is set, or set otherwise. */
  readonly env?: Record<string, string>;
};

/** The environment of a worker against a stand-in API, without HTTP. */
export function workerEnv({
  apiKey,
  apiUrl,
  redisUrl,
  name,
  perSecond,
  env,
}: WorkerEnvOptions): Record<string, string> {
  return {
    FAX_API_KEY: apiKey,
    FAX_API_BASE_URL: apiUrl,
    REDIS_URL: redisUrl,
    QUEUE_NAME: name,
    KEY_PREFIX: `${name}:`,
    RATE_LIMIT_MAX: String(perSecond),
    RATE_LIMIT_DURATION_MS: '1000',
    DASHBOARD_PORT: '0',
    ...env,
  };
}
