import Table from 'cli-table3';
import { BoundedRedis } from '../client/bounded-redis.ts';
import { accountsInRedis } from './account-names.ts';
import { readAccounts, type AccountSummary } from './account-summary.ts';
import { accountsInFile } from './accounts-file.ts';
import { COMMAND_TIMEOUT_MS, withRedis } from './client-session.ts';
import { EX_INTERRUPTED } from './failure.ts';

const SEARCH_MS = 10_000;

/**
 * `faxwatch accounts`: the accounts in `ACCOUNTS_FILE`, if it is set, and those that Redis knows, by name. Exit 0, also
 * if there is none.
 */
export async function accounts({ json = false }: { json?: boolean }): Promise<void> {
  await withRedis(async ({ connect, shared, signal }) => {
    const inFile = accountsInFile();
    const redis = new BoundedRedis(connect(), COMMAND_TIMEOUT_MS, new AbortController().signal);
    const stop = AbortSignal.any([signal, AbortSignal.timeout(SEARCH_MS)]);
    const { names, complete } = await accountsInRedis(redis, shared, stop);
    if (signal.aborted) {
      process.exitCode = EX_INTERRUPTED;
      return;
    }
    const all = [...new Set([...names, ...(inFile ?? [])])].sort();
    const found = await readAccounts(redis, shared, all, (account) => inFile?.has(account) !== false);
    if (json) for (const account of found) console.log(JSON.stringify(account));
    else console.log(found.length > 0 ? tableOf(found) : 'no accounts');
    if (complete) return;
    console.error(
      `Redis has more keys than can be looked at in ${SEARCH_MS / 1000} s: accounts that are not in ACCOUNTS_FILE ` +
        'may be missing',
    );
  });
}

function tableOf(accounts: readonly AccountSummary[]): string {
  const table = new Table({
    head: ['account', 'state', 'in flight', 'waiting', 'finished'],
    colAligns: ['left', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { account, state, inFlight, waiting, finished } of accounts)
    table.push([account, state, inFlight ?? '?', waiting ?? '?', finished ?? '?']);
  return table.toString();
}
