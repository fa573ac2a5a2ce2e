/** Where in Redis one key of Fax.to has its queue and all else. */
export type Space = {
  readonly queueName: string;
  /** BullMQ's own prefix. */
  readonly queuePrefix: string;
  /** Of every key and channel outside the queue. */
  readonly keyPrefix: string;
};

/** What an account may be called. */
export const ACCOUNT_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * The space of an account within that of the settings. On a cluster each account has a slot of its own, by a hash tag,
 * so that accounts spread over the masters. Pure.
 *
 * @param account undefined for the one account of a service without accounts, which has the whole space
 */
export function spaceOf(whole: Space, account: string | undefined, cluster: boolean): Space {
  if (account === undefined) return whole;
  const { queueName, queuePrefix, keyPrefix } = whole;
  return {
    queueName: `${queueName}.${account}`,
    queuePrefix: cluster ? `{${queuePrefix}.${account}}` : queuePrefix,
    keyPrefix: cluster ? `{${keyPrefix.replace(/:$/, '')}.${account}}:` : `${keyPrefix}${account}:`,
  };
}
