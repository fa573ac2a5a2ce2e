import { randomBytes } from 'node:crypto';
import { FaxStatusClient } from '../client/client.ts';
import type { AlertEvent } from '../contract/alert.ts';
import type { FaxCompletedEvent } from '../contract/event.ts';
import type { FaxResult } from '../contract/result.ts';
import { loadRules } from '../fax-api/classification-rules.ts';
import type { Log } from '../log/log.ts';
import { startService, type Service } from '../main.ts';
import { connectRedis } from '../redis/connect.ts';
import { loadSettings } from '../settings/load.ts';
import { Simulator } from '../simulator/simulator.ts';
import type { DemoFax } from './demo-faxes.ts';
import { freePort } from './free-port.ts';

/** A way to find out that a fax is final. */
export type Way = 'polls alone' | 'with the list' | 'with callbacks';

/** What the demo shows of a way while it runs. */
export type DemoScreen = { finished(result: FaxResult): void; alert(event: AlertEvent): void };

/** What came of the faxes. */
export type Outcome = {
  readonly results: readonly FaxResult[];
  /** From when each fax was final until it was found, ms. */
  readonly lags: readonly number[];
  readonly requests: number;
  /** Requests over the limit of the stand-in API. */
  readonly refusals: number;
};

const LIMIT = { kind: 'sliding-window', max: 10, windowMs: 1_000 } as const;
const API_KEY = 'demo-key';

/** A service that polls in one way, with a queue, keys and a stand-in API of its own. */
export class DemoWay {
  readonly service: Service;
  readonly apiUrl: string;
  readonly #simulator: Simulator;
  readonly #client: FaxStatusClient;
  readonly #redis: Awaited<ReturnType<typeof connectRedis>>;
  readonly #keyPrefix: string;

  private constructor(
    service: Service,
    simulator: Simulator,
    redis: Awaited<ReturnType<typeof connectRedis>>,
    names: { queueName: string; keyPrefix: string },
  ) {
    [this.service, this.#simulator, this.#redis] = [service, simulator, redis];
    [this.apiUrl, this.#keyPrefix] = [simulator.url, names.keyPrefix];
    this.#client = new FaxStatusClient({ redis: () => redis.duplicate(), ...names });
  }

  /** @param dashboardPort 0 for none */
  static async start(way: Way, redisUrl: string, dashboardPort: number, log: Log): Promise<DemoWay> {
    const callback =
      way === 'with callbacks' ? { port: await freePort(0), secret: randomBytes(16).toString('hex') } : null;
    const simulator = await Simulator.start({
      apiKey: API_KEY,
      limit: LIMIT,
      latencyMs: 30,
      ...(callback && { callback: { url: `http://127.0.0.1:${callback.port}/callback/${callback.secret}` } }),
    });
    const suffix = way === 'polls alone' ? '' : `-${way.split(' ')[1]}`;
    const names = { queueName: `fax-status${suffix}`, keyPrefix: `fax${suffix}:` };
    const settings = loadSettings(
      {
        FAX_API_KEY: API_KEY,
        FAX_API_BASE_URL: simulator.url,
        REDIS_URL: redisUrl,
        QUEUE_NAME: names.queueName,
        KEY_PREFIX: names.keyPrefix,
        DASHBOARD_PORT: String(dashboardPort),
        RATE_LIMIT_MAX: String(LIMIT.max),
        RATE_LIMIT_DURATION_MS: String(LIMIT.windowMs),
        POLL_MIN_INTERVAL_MS: '500',
        POLL_MAX_INTERVAL_MS: '5000',
        LOG_LEVEL: 'silent',
        ...(way === 'with the list' && { HISTORY_SWEEP: 'auto' }),
        ...(callback && { CALLBACK_PORT: String(callback.port), CALLBACK_SECRET: callback.secret }),
      },
      true,
    );
    const service = await startService(settings, loadRules(null), { worker: true, board: dashboardPort > 0 }, log);
    return new DemoWay(service, simulator, await connectRedis(settings, log), names);
  }

  /** Sends faxes, and waits until all have ended, at most for `longestMs`. */
  async run(faxes: readonly DemoFax[], longestMs: number, screen?: DemoScreen): Promise<Outcome> {
    const results: FaxResult[] = [];
    const subscriber = this.#redis.duplicate();
    await subscriber.subscribe(`${this.#keyPrefix}completed`, `${this.#keyPrefix}alerts`);
    const finished = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longestMs);
      subscriber.on('message', (channel: string, message: string) => {
        if (channel.endsWith('alerts')) return screen?.alert(JSON.parse(message) as AlertEvent);
        const result = (JSON.parse(message) as FaxCompletedEvent).data;
        results.push(result);
        screen?.finished(result);
        if (results.length < faxes.length) return undefined;
        clearTimeout(timer);
        resolve();
        return undefined;
      });
    });
    for (const { id, fate, about } of faxes) {
      this.#simulator.send(id, fate);
      await this.#client.track(id, { metadata: { about } });
    }
    await finished;
    const finishMs = new Map(faxes.map((fax) => [fax.id, fax.finishMs]));
    const lags = results.map(
      (r) => Date.parse(r.completedAt) - Date.parse(r.enqueuedAt) - (finishMs.get(Number(r.faxJobId)) ?? 0),
    );
    return { results, lags, requests: this.#simulator.requests, refusals: this.#simulator.refusals };
  }

  async stop(): Promise<void> {
    await this.#client.close();
    await this.#redis.close();
    await this.service.close();
    await this.#simulator.stop();
  }
}
