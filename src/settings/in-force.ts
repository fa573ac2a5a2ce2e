import type { Settings } from './table.ts';

/** What a worker polls by, as its log says at the start: looked for first when it does not poll as meant. */
export function settingsInForce(settings: Settings): object {
  return {
    rateLimit: {
      requests: settings.RATE_LIMIT_MAX,
      durationMs: settings.RATE_LIMIT_DURATION_MS,
      headroom: settings.RATE_LIMIT_HEADROOM,
    },
    pollIntervalMs: { min: settings.POLL_MIN_INTERVAL_MS, max: settings.POLL_MAX_INTERVAL_MS },
    historySweep: settings.HISTORY_SWEEP,
    ...(settings.CALLBACK_PORT !== 0 && { callbackPort: settings.CALLBACK_PORT }),
  };
}
