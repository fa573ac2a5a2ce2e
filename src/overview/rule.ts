import type { UnknownWording } from './state.ts';

/**
 * A file with a rule for each wording, to be copied into a `CLASSIFICATION_FILE`. The verdict is the reader's to
 * choose: it starts as pending, which is what these wordings count as without a rule. Pure.
 */
export function rulesFor(wordings: readonly UnknownWording[]): string {
  const rules = wordings.map(({ apiStatus, message }) => ({
    verdict: 'pending',
    comment: 'Set the verdict to sent or failed if this is final.',
    anyOf: [
      {
        ...(hasWord(apiStatus) && { status: [apiStatus] }),
        ...(hasWord(message) && { messageIs: [message] }),
      },
    ],
  }));
  return JSON.stringify(
    rules.filter(({ anyOf: [condition] }) => Object.keys(condition ?? {}).length > 0),
    null,
    2,
  );
}

/** Rules compare letters and digits alone, so that a text without any cannot be named in one. */
const hasWord = (text: string): boolean => /[\p{L}\p{N}]/u.test(text.normalize('NFKC'));
