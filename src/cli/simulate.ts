import closeWithGrace from 'close-with-grace';
import type { LimitKind } from '../simulator/rate-limiter.ts';
import { FATE_NAMES } from '../simulator/fate.ts';
import { Simulator } from '../simulator/simulator.ts';

export type SimulateOptions = {
  readonly port: number;
  readonly apiKey?: string;
  readonly rateLimit?: number;
  readonly rateWindow: number;
  readonly rateKind: LimitKind;
  readonly retryAfter?: boolean;
  readonly latency: number;
  readonly finish: number;
};

/** `faxwatch simulate`: the stand-in API, until interrupted. */
export async function simulate(options: SimulateOptions): Promise<void> {
  const simulator = await Simulator.start({
    port: options.port,
    latencyMs: options.latency,
    finishMs: options.finish,
    retryAfter: options.retryAfter ?? false,
    ...(options.apiKey !== undefined && { apiKey: options.apiKey }),
    ...(options.rateLimit !== undefined && {
      limit: { kind: options.rateKind, max: options.rateLimit, windowMs: options.rateWindow },
    }),
  });
  console.log(`stand-in API: FAX_API_BASE_URL=${simulator.url}`);
  console.log(
    `fates by id prefix: ${FATE_NAMES.join(', ')} (such as busy-17); of others, one in five fails, the rest are sent`,
  );
  closeWithGrace({ logger: false }, async () => simulator.stop());
}
