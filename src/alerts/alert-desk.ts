import { randomUUID } from 'node:crypto';
import type { Keys } from '../contract/keys.ts';
import type { Log } from '../log/log.ts';
import type { RedisClient } from '../redis/redis-client.ts';
import { originOf } from '../contract/event.ts';
import type { AlertData, AlertEvent, AlertKind } from '../contract/alert.ts';

/** Publishes alerts and their ends, and logs them. Callers must announce each episode only once. */
export class AlertDesk {
  readonly #redis: RedisClient;
  readonly #channel: string;
  readonly #log: Log;
  readonly #account: string | undefined;

  /** @param account whose alerts they are; undefined in a service without accounts */
  constructor(redis: RedisClient, keys: Keys, log: Log, account?: string) {
    this.#redis = redis;
    this.#channel = keys.alerts;
    this.#log = log;
    this.#account = account;
  }

  async raise(kind: AlertKind, message: string, more: Omit<AlertData, 'message'> = {}): Promise<void> {
    this.#log.warn({ alert: kind, ...more }, message);
    await this.#publish(`fax.alert.${kind}`, kind, { message, ...more });
  }

  async resolve(kind: AlertKind, message: string, more: Omit<AlertData, 'message'> = {}): Promise<void> {
    this.#log.info({ alert: kind, resolved: true, ...more }, message);
    await this.#publish(`fax.alert.${kind}.resolved`, kind, { message, ...more });
  }

  async #publish(type: AlertEvent['type'], subject: AlertKind, data: AlertData): Promise<void> {
    const event: AlertEvent = {
      specversion: '1.0',
      id: randomUUID(),
      ...originOf(this.#account),
      type,
      subject,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      data,
    };
    // An alert that cannot be published must not keep a fax from being finished. It is in the log.
    await this.#redis.publish(this.#channel, JSON.stringify(event)).catch((error: unknown) => {
      this.#log.warn({ alert: subject, reason: (error as Error).message }, 'alert not published');
    });
  }
}
