import { FaxId, ID_FORM } from '../contract/fax-job.ts';
import type { AccountReader } from './reader.ts';
import type { FaxView } from './state.ts';

const UNREAD =
  'Redis gives no answer, or refuses to read these keys: bring it back; check REDIS_URL and the log of the workers.';
const UNKNOWN = 'No fax of this id is in flight, and no result of it is stored.';
export const ID_WANTED = `A fax job id is ${ID_FORM}`;

/** What came of looking for a fax. */
export type Found =
  | { readonly status: 200; readonly fax: FaxView; readonly account: string | undefined }
  /** Several accounts have a fax of this id. */
  | { readonly status: 300; readonly faxId: string; readonly accounts: readonly string[] }
  | { readonly status: 400 | 404 | 503; readonly title: string; readonly error: string };

/**
 * Looks for a fax in all accounts given. One that cannot be read hides no fax of another.
 *
 * @param text what was asked for
 */
export async function findFax(
  accounts: readonly { readonly account: string | undefined; readonly reader: Pick<AccountReader, 'fax'> }[],
  text: string,
): Promise<Found> {
  const id = FaxId.safeParse(text);
  if (!id.success) return { status: 400, title: 'Not a fax job id', error: ID_WANTED };
  const faxId = id.data;
  const looked = await Promise.allSettled(accounts.map(async ({ reader }) => reader.fax(faxId)));
  const found = looked.flatMap((each, i) =>
    each.status === 'fulfilled' && each.value ? [{ account: accounts[i]?.account, fax: each.value }] : [],
  );
  const [first] = found;
  if (found.length > 1) return { status: 300, faxId, accounts: found.map(({ account }) => account ?? '') };
  if (first) return { status: 200, ...first };
  if (looked.some(({ status }) => status === 'rejected')) {
    return { status: 503, title: `Fax ${faxId} cannot be looked for`, error: UNREAD };
  }
  return { status: 404, title: `Fax ${faxId} is not known`, error: UNKNOWN };
}
