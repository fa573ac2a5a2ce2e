import type { FaxResult } from './result.ts';

/**
 * A CloudEvents 1.0 envelope in JSON (https://github.com/cloudevents/spec, v1.0.2), as published and stored by this
 * service.
 */
export type CloudEvent<Type extends string, Data> = {
  readonly specversion: '1.0';
  readonly id: string;
  /** `/faxwatch/<account>` if the service has accounts. */
  readonly source: '/faxwatch' | `/faxwatch/${string}`;
  /** An extension attribute; only if the service has accounts. */
  readonly account?: string;
  readonly type: Type;
  readonly subject: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Data;
};

/** Published on `<KEY_PREFIX>completed` and added to `<KEY_PREFIX>events` when a fax has its result. */
export type FaxCompletedEvent = CloudEvent<'fax.job.completed', FaxResult>;

/** Where an event comes from. @param account undefined in a service without accounts */
export function originOf(account: string | undefined): Pick<CloudEvent<string, unknown>, 'source' | 'account'> {
  return account === undefined ? { source: '/faxwatch' } : { source: `/faxwatch/${account}`, account };
}

/**
 * The event of a result. It depends on these alone, so an event published again is the same one, id included.
 *
 * @param account undefined in a service without accounts
 */
export function completedEvent(result: FaxResult, account?: string): FaxCompletedEvent {
  return {
    specversion: '1.0',
    id: `fax-${result.faxJobId}`,
    ...originOf(account),
    type: 'fax.job.completed',
    subject: String(result.faxJobId),
    time: result.completedAt,
    datacontenttype: 'application/json',
    data: result,
  };
}
