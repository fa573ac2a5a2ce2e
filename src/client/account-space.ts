import { keysOf } from '../contract/keys.ts';
import { ACCOUNT_NAME, spaceOf, type Space } from '../contract/space.ts';
import { AccountError } from './errors.ts';

/** @throws AccountError if no account can have that name */
export function checkAccountName(account: unknown): void {
  if (typeof account === 'string' && ACCOUNT_NAME.test(account)) return;
  throw new AccountError(
    'account: must be 1 to 63 of a-z 0-9 -, the first of them no dash, as in ACCOUNTS_FILE of the service',
  );
}

/**
 * The space of an account, or the whole one without an account. Pure.
 *
 * @throws AccountError if on a cluster a prefix has braces: those of the account, which choose its slot, would be void
 */
export function accountSpace(whole: Space, account: string | undefined, cluster: boolean): Space {
  if (account !== undefined && cluster && /[{}]/.test(whole.queuePrefix + whole.keyPrefix)) {
    throw new AccountError(
      'account: on a cluster each account has a hash tag of its own: leave the braces out of queuePrefix and keyPrefix',
    );
  }
  return spaceOf(whole, account, cluster);
}

/** The channels on which the results of all accounts are published. */
export type AccountChannels = {
  /** For PSUBSCRIBE. It may match other channels, too. */
  readonly pattern: string;
  /** Whether a channel that the pattern matches is that of an account. */
  readonly has: (channel: string) => boolean;
};

/** @param whole the space that the accounts share */
export function completedChannels(whole: Space, cluster: boolean): AccountChannels {
  const anyone = '\0'; // in no name and no prefix
  const channel = keysOf(accountSpace(whole, anyone, cluster).keyPrefix).completed;
  const [before = '', after = ''] = channel.split(anyone);
  return {
    pattern: `${literally(before)}*${literally(after)}`,
    has: (found) => ACCOUNT_NAME.test(found.slice(before.length, -after.length)),
  };
}

/** A text as a pattern of Redis that matches it alone. Pure. */
export const literally = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&');
