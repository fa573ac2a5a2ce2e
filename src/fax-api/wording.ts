/**
 * A wording in the form that is compared: lower case, with one space for each run of white space and punctuation.
 *
 * @example normalise('  Sent!  Fax Has Been ANSWERED. ') === 'sent fax has been answered'
 */
export const normalise = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/**
 * Whether normalised `text` begins with the whole words of `phrase`: "sent on" begins with "sent", "sentinel" does not.
 */
export const startsWithWords = (text: string, phrase: string): boolean =>
  text === phrase || text.startsWith(`${phrase} `);

/** Whether the whole words of `phrase` stand anywhere in normalised `text`. */
export const containsWords = (text: string, phrase: string): boolean => ` ${text} `.includes(` ${phrase} `);

/** Text from outside on one line, for logs and terminals: control characters and line ends of any kind are spaces. */
export const oneLine = (text: string, maxChars: number): string =>
  text.slice(0, maxChars).replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ');
