import { hash, timingSafeEqual } from 'node:crypto';

// Digests have one length, so that a comparison takes the same time whatever was sent.
const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

/**
 * Returns the lookup of what belongs to a secret. It compares with every secret, so the time that it takes says nothing
 * about any of them.
 */
export function bySecret<T>(
  entries: readonly { readonly secret: string; readonly value: T }[],
): (sent: string) => T | undefined {
  const known = entries.map(({ secret, value }) => ({ digest: digest(secret), value }));
  return (sent) => {
    const sentDigest = digest(sent);
    return known.filter((entry) => timingSafeEqual(entry.digest, sentDigest))[0]?.value;
  };
}
