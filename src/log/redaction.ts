import { redactor } from './redact.ts';

const FEW = 20; // up to so many secrets are looked for in every notation at once
const DECODINGS = 4; // as deep as texts are encoded in texts

/**
 * Removes secrets from texts; more may come while it is in use. A pattern of one secret in all notations takes half a
 * MiB and 5 µs a line. So where there are many secrets, a pattern is made only of those that a text may contain, which
 * its decoded form shows.
 */
export class Redaction {
  readonly #patterns = new Map<string, ((text: string) => string) | undefined>();
  readonly #traces = new Map<string, readonly string[]>();

  constructor(secrets: Iterable<string> = []) {
    this.add(secrets);
  }

  /** From now on these are removed, too. Those from before still are. */
  add(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      if (secret === '' || this.#patterns.has(secret)) continue;
      this.#patterns.set(secret, undefined);
      this.#traces.set(secret, tracesOf(secret));
    }
  }

  clean(text: string): string {
    const decoded = this.#patterns.size > FEW ? `${text}\n${decode(text)}` : undefined;
    let clean = text;
    for (const [secret, pattern] of this.#patterns) {
      if (decoded !== undefined && !this.#traces.get(secret)?.some((trace) => decoded.includes(trace))) continue;
      const redact = pattern ?? redactor(secret);
      if (!pattern) this.#patterns.set(secret, redact);
      clean = redact(clean);
    }
    return clean;
  }
}

/** What a decoded text has of a secret: itself, or the middle of its base64 at each of the three places in a group. */
function tracesOf(secret: string): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    const whole = Math.floor((bytes.length * 8) / 6);
    return decode(bytes.toString('base64').slice(before === 0 ? 0 : before + 1, whole));
  });
  return [secret, decode(secret), ...base64].filter((trace) => trace !== '');
}

/** A text without percent-encoding, HTML entities and JSON's escapes, and with one alphabet of base64. */
function decode(text: string): string {
  let decoded = text;
  for (let i = 0; i < DECODINGS; i += 1) {
    const before = decoded;
    decoded = decoded
      .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString())
      .replace(/&#x0*([0-9a-f]{1,6});/gi, (_, hex: string) => charOf(parseInt(hex, 16)))
      .replace(/&#0*(\d{1,7});/g, (_, code: string) => charOf(Number(code)))
      .replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? '')
      .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => charOf(parseInt(hex, 16)))
      .replace(/\\(?!u)/g, '');
    if (decoded === before) break;
  }
  return decoded.replaceAll('-', '+').replaceAll('_', '/').replaceAll(' ', '+');
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const charOf = (code: number): string => (code <= 0x10ffff ? String.fromCodePoint(code) : '');
