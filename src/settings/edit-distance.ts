/**
 * How many characters must be inserted, deleted, changed or swapped with their neighbour to make one text the other:
 * the optimal string alignment distance, https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance
 */
export function editDistance(a: string, b: string): number {
  let [beforeLast, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (row: number[] | undefined, j: number): number => row?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, changed, swapped));
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

const MAX_EDITS = 2;
const CHARS_PER_EDIT = 6; // so that REDIS_SSL is no misspelt REDIS_URL

/** The name that a misspelt one probably means; undefined if none is near. */
export function nearest(misspelt: string, names: readonly string[]): string | undefined {
  const edits = Math.min(MAX_EDITS, Math.floor(misspelt.length / CHARS_PER_EDIT));
  const near = names.map((name) => ({ name, distance: editDistance(misspelt, name) }));
  return near.filter(({ distance }) => distance <= edits).sort((a, b) => a.distance - b.distance)[0]?.name;
}
