/**
 * How much of a value is secret: all of it, or the password in its URL. Either way the variable is removed from the
 * environment once it is read.
 */
export type Secrecy = 'whole' | 'password';

/** One setting: a row of the table. */
export type Setting<T> = Readonly<{
  /** `null` for none; only then may it be `null`. */
  default: T;
  /** What it means, for people: Markdown, in one line. */
  doc: string;
  secret?: Secrecy;
  /** What a value must be, as in "must be a whole number". */
  wanted: string;
  /** Parses the value from text or JSON; undefined if it is not what is wanted. */
  read: (value: unknown) => T | undefined;
}>;
