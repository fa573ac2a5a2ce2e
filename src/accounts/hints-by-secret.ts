import type { Account } from '../account.ts';
import { bySecret } from '../callback/secrets.ts';
import type { Hints } from '../hints/hints.ts';
import type { Accounts } from './accounts.ts';

type Door = Pick<Hints, 'give'>;

/**
 * Returns the lookup of where the hints of a callback go, by the secret that it came with: to every account that has
 * this secret, as the accounts are then.
 */
export function hintsBySecret(accounts: Accounts): (secret: string) => Door | undefined {
  let lookup: { readonly of: Accounts['queues']; readonly find: (secret: string) => Door | undefined } | undefined;
  return (secret) => {
    if (lookup?.of !== accounts.queues) lookup = { of: accounts.queues, find: bySecret(doors(accounts.all)) };
    return lookup.find(secret);
  };
}

function doors(accounts: readonly Account[]): { readonly secret: string; readonly value: Door }[] {
  const bySecretText = new Map<string, Hints[]>();
  for (const { settings, hints } of accounts) {
    const { CALLBACK_SECRET: secret } = settings;
    if (secret !== null) bySecretText.set(secret, [...(bySecretText.get(secret) ?? []), hints]);
  }
  return [...bySecretText].map(([secret, hints]) => ({ secret, value: all(hints) }));
}

const all = (hints: readonly Hints[]): Door => ({
  give: async (given) => (await Promise.all(hints.map(async (each) => each.give(given))))[0] ?? [],
});
