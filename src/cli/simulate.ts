import closeWithGrace from 'close-with-grace';
import { isCallbackUrl } from '../simulator/callbacks.ts';
import type { HistoryKind } from '../simulator/history.ts';
import type { LimitKind } from '../simulator/rate-limiter.ts';
import { FATE_NAMES } from '../simulator/fate.ts';
import { Simulator } from '../simulator/simulator.ts';
import { CommandError, EX_UNAVAILABLE, EX_USAGE } from './failure.ts';
import { say } from './say.ts';

export type SimulateOptions = {
  readonly port: number;
  readonly apiKey?: string;
  readonly rateLimit?: number;
  readonly rateWindow: number;
  readonly rateKind: LimitKind;
  readonly retryAfter?: boolean;
  readonly latency: number;
  readonly finish: number;
  readonly history: HistoryKind;
  readonly historyPageCap: number;
  readonly callbackUrl?: string;
  readonly callbackRepeat: number;
  readonly callbackLoss: number;
  readonly callbackDoubles: number;
};

async function startOn(options: Parameters<typeof Simulator.start>[0] & { readonly port: number }): Promise<Simulator> {
  try {
    return await Simulator.start(options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(`port ${options.port} is in use: choose another with --port`, EX_UNAVAILABLE);
  }
}

/** `faxwatch simulate`: the stand-in API, until interrupted. */
export async function simulate(options: SimulateOptions): Promise<void> {
  // Checked here, not by the parser of the command line, which would print the URL with the secret in it.
  if (options.callbackUrl !== undefined && !isCallbackUrl(options.callbackUrl))
    throw new CommandError('--callback-url: must be http(s)://…, without user name and password', EX_USAGE);
  const simulator = await startOn({
    port: options.port,
    latencyMs: options.latency,
    finishMs: options.finish,
    retryAfter: options.retryAfter ?? false,
    history: options.history,
    historyPageCap: options.historyPageCap,
    ...(options.apiKey !== undefined && { apiKey: options.apiKey }),
    ...(options.rateLimit !== undefined && {
      limit: { kind: options.rateKind, max: options.rateLimit, windowMs: options.rateWindow },
    }),
    ...(options.callbackUrl !== undefined && {
      callback: {
        url: options.callbackUrl,
        repeatMs: options.callbackRepeat,
        loss: options.callbackLoss,
        doubles: options.callbackDoubles,
      },
    }),
  });
  console.log(`stand-in API: FAX_API_BASE_URL=${simulator.url}`);
  say(
    `fates by id prefix: ${FATE_NAMES.join(', ')} (such as busy-17); of others, one in five fails, the rest are sent`,
  );
  if (options.callbackUrl !== undefined) console.log(`callbacks go to ${new URL(options.callbackUrl).origin}`);
  closeWithGrace({ logger: false }, async () => simulator.stop());
}
