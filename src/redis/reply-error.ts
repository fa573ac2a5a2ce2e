/**
 * Whether Redis refused a command for the keys that it was about: they hold something else, or the user has no right to
 * them. It says nothing of others.
 */
export const isOfItsKeys = (error: unknown): boolean =>
  error instanceof Error && /^(WRONGTYPE|NOPERM)\b/.test(error.message);
