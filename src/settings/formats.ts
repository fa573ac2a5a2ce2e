import { isLoopback } from './loopback.ts';
import type { Setting } from './setting.ts';

// Each format makes a row of the table from a setting's default and its description.

type About = Pick<Setting<unknown>, 'doc' | 'secret'>;
type Range = Readonly<{ min?: number; max?: number }>;

export type HostPort = Readonly<{ host: string; port: number }>;

const MAX_TIMER_MS = 2 ** 31 - 1; // the longest time that setTimeout takes

/** A whole number. */
export function integer(initial: number, { min, max = MAX_TIMER_MS, ...about }: About & Range & { min: number }) {
  return row(initial, about, `must be a whole number from ${min} to ${max}`, (value) => {
    const number = toNumber(value);
    return Number.isSafeInteger(number) && number >= min && number <= max ? number : undefined;
  });
}

export function number<D extends number | null>(
  initial: D,
  { min = -Infinity, max = Infinity, ...about }: About & Range,
): Setting<number | D> {
  const bounded = Number.isFinite(min) && Number.isFinite(max);
  const wanted = bounded ? `must be a number from ${min} to ${max}` : 'must be a number';
  return row<number | D>(initial, about, wanted, (value) => {
    const read = toNumber(value);
    return Number.isFinite(read) && read >= min && read <= max ? read : undefined;
  });
}

/** `true` or `false`: not `1`, `0`, `yes` or `no`, which could be misread. */
export function flag(initial: boolean, about: About): Setting<boolean> {
  return row(initial, about, 'must be true or false', (value) => {
    if (typeof value === 'boolean') return value;
    return value === 'true' ? true : value === 'false' ? false : undefined;
  });
}

export function oneOf<const T extends string>(initial: NoInfer<T>, words: readonly T[], about: About): Setting<T> {
  const wanted = `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
  return row<T>(initial, about, wanted, (value) => words.find((word) => word === value));
}

export function text(
  initial: string,
  { pattern = /\S/, wanted = 'must not be empty', ...about }: About & { pattern?: RegExp; wanted?: string },
): Setting<string> {
  return row(initial, about, wanted, (value) => (typeof value === 'string' && pattern.test(value) ? value : undefined));
}

export function optionalText({
  pattern = /^/,
  wanted = 'must be text',
  ...about
}: About & { pattern?: RegExp; wanted?: string }): Setting<string | null> {
  return row<string | null>(null, about, wanted, (value) =>
    typeof value === 'string' && value !== '' && pattern.test(value) ? value : undefined,
  );
}

/** A base URL that is sent the key: over TLS, unless it does not leave this machine. */
export function apiUrl(initial: string, about: About): Setting<string> {
  return url(initial, about, 'must be an https URL (http only on loopback) without credentials or query', (parsed) => {
    if (parsed.username || parsed.password || parsed.search || parsed.hash) return false;
    return parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopback(parsed.hostname));
  });
}

export function redisUrl(initial: string, about: About): Setting<string> {
  const { read, ...rest } = url(initial, about, 'must be a redis:// or rediss:// URL, or embedded', ({ protocol }) =>
    ['redis:', 'rediss:'].includes(protocol),
  );
  return { ...rest, read: (value) => (value === 'embedded' ? value : read(value)) };
}

export function httpUrl(initial: null, about: About): Setting<string | null> {
  return url(initial, about, 'must be an http or https URL', ({ protocol }) => ['http:', 'https:'].includes(protocol));
}

/** Nodes of Redis, as `host:port,host:port`; an IPv6 address stands in brackets. */
export function hostPorts(initial: null, about: About): Setting<readonly HostPort[] | null> {
  return row<readonly HostPort[] | null>(initial, about, 'must be host:port,host:port', (value) => {
    const nodes: unknown = typeof value === 'string' ? value.split(',').map(toHostPort) : value;
    return Array.isArray(nodes) && nodes.length > 0 && nodes.every(isHostPort) ? nodes : undefined;
  });
}

/** Names, as `a,b`, none of them twice. */
export function names(initial: null, pattern: RegExp, about: About): Setting<readonly string[] | null> {
  return row<readonly string[] | null>(initial, about, 'must be names, as a,b, each of them once', (value) => {
    const list: unknown = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value;
    if (!Array.isArray(list) || list.length === 0 || new Set(list).size < list.length) return undefined;
    return list.every((name): name is string => typeof name === 'string' && pattern.test(name)) ? list : undefined;
  });
}

function row<T>(initial: T, about: About, wanted: string, read: Setting<T>['read']): Setting<T> {
  return { default: initial, ...about, wanted, read: (value) => (value === null ? nullIf(initial) : read(value)) };
}

const nullIf = <T>(initial: T): T | undefined => (initial === null ? initial : undefined);

function url<D extends string | null>(
  initial: D,
  about: About,
  wanted: string,
  ok: (url: URL) => boolean,
): Setting<string | D> {
  return row<string | D>(initial, about, wanted, (value) =>
    typeof value === 'string' && URL.canParse(value) && ok(new URL(value)) ? value : undefined,
  );
}

/** The whole text or nothing: parseInt, which convict's own formats use, takes "12abc" for 12. NaN if it is none. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : NaN;
}

function toHostPort(node: string): Partial<HostPort> {
  const { host, port } = /^\s*(?<host>\[[^\]]+\]|[^:\s]+):(?<port>\d{1,5})\s*$/.exec(node)?.groups ?? {};
  return host === undefined ? {} : { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function isHostPort(node: unknown): node is HostPort {
  const { host, port } = (node ?? {}) as Record<string, unknown>;
  return typeof host === 'string' && Number(port) > 0 && Number(port) < 65_536;
}
