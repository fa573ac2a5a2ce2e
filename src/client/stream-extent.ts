/** Before all entries of a stream. */
export const START = '0-0';

/** What a stream holds, and what has been removed from it. */
export type StreamExtent = {
  /** Undefined if the stream is empty. */
  readonly oldestId: string | undefined;
  /** The id of the newest entry that was ever added. */
  readonly lastId: string;
  /** How many entries were removed; undefined before Redis 7, which does not count them. */
  readonly gone: number | undefined;
};

/** An entry id in full: Redis takes `5` for `5-0`. */
export const entryId = (id: string): string => {
  const [ms = 0n, sequence = 0n] = id.split('-').map(BigInt);
  return `${ms}-${sequence}`;
};

/** Reads the reply of XINFO STREAM: names and values in turn. */
export function extentOf(reply: unknown): StreamExtent {
  const flat = reply as readonly unknown[];
  const field = (name: string): unknown => {
    const at = flat.indexOf(name);
    return at < 0 ? undefined : flat[at + 1];
  };
  const first = field('first-entry') as readonly [id: string] | null | undefined;
  const added = field('entries-added');
  return {
    oldestId: first?.[0],
    lastId: String(field('last-generated-id')),
    gone: added === undefined ? undefined : Number(added) - Number(field('length')),
  };
}

/**
 * Whether entries after a position may be gone. It is not known whether the last one gone was the very one at the
 * position; that counts as a gap, as a needless error is better than a silent loss.
 *
 * @param position id of an entry that is not in the stream
 * @param extent undefined if there is no stream
 */
export function isTrimmedPast(position: string, extent: StreamExtent | undefined): boolean {
  if (!extent || extent.gone === 0) return false;
  return isBefore(position, extent.oldestId ?? extent.lastId);
}

function isBefore(a: string, b: string): boolean {
  const [aMs = 0n, aSequence = 0n] = a.split('-').map(BigInt);
  const [bMs = 0n, bSequence = 0n] = b.split('-').map(BigInt);
  return aMs < bMs || (aMs === bMs && aSequence < bSequence);
}
