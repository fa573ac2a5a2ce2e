const SHORTEST = 6;
const ENTITIES: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };
const SLASHES = '(?:\\\\{7}|\\\\{3}|\\\\)'; // as JSON in JSON in JSON has them
const BASE64_CHAR = '[A-Za-z0-9+/_-]';

/**
 * Returns a function that removes a secret from any text: as it is, percent-encoded (also twice, and in any case), with
 * HTML entities, escaped as in JSON, in any mixture of these, and in base64 (both alphabets), where the secret may be a
 * part of what was encoded, as in `user:key` of Basic credentials. Matches shorter than 6 characters are left alone, as
 * they would be found in ordinary words. Whatever comes from outside and is kept or shown goes through it, as an API
 * may echo what it was sent.
 */
export function redactor(secret: string): (text: string) => string {
  if (secret === '') return (text) => text;
  const forms = new RegExp([written(secret), ...base64Forms(secret)].join('|'), 'g');
  return (text) => text.replace(forms, (found) => (found.length < SHORTEST ? found : '[redacted]'));
}

/** A pattern of a text, each of its characters in any notation. */
const written = (text: string): string => Array.from(text, (char) => `(?:${notations(char).join('|')})`).join('');

function notations(char: string): string[] {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  const percent = [...Buffer.from(char)].map((byte) => `%(?:25)*${anyCase(byte.toString(16).padStart(2, '0'))}`);
  const names = [`#0*${code}`, `#[xX]0*${anyCase(hex)}`, ENTITIES[char]].filter((name) => name !== undefined);
  return [
    percent.join(''), // before the character itself, which may be %
    `&(?:amp;)*(?:${names.join('|')});`,
    `${SLASHES}u${anyCase(hex.padStart(4, '0'))}`,
    `${SLASHES}?${escaped(char)}`,
    ...(char === ' ' ? ['\\+'] : []),
  ];
}

/**
 * A pattern for each place in a group of three bytes at which the secret may begin. What the characters at its ends say
 * depends on its neighbours, too, so they may be any.
 */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    const shared = bytes.length % 3 === 0 ? 0 : 1;
    const whole = Math.floor((bytes.length * 8) / 6);
    const sure = bytes.toString('base64').slice(before === 0 ? 0 : before + 1, whole);
    const core = Array.from(sure, (char) => `(?:${base64Notations(char).join('|')})`).join('');
    return `${before > 0 ? BASE64_CHAR : ''}${core}${shared > 0 ? `${BASE64_CHAR}?` : ''}`;
  });
}

function base64Notations(char: string): string[] {
  if (char === '+') return [...notations('+'), '-'];
  return char === '/' ? [...notations('/'), '_'] : [char];
}

// RegExp.escape comes with Node 24 only, and the client library runs on Node 20.
const escaped = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
const anyCase = (hex: string): string => hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
