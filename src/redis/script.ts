import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { RedisClient } from './redis-client.ts';

/** A Lua script that is ready to be run on Redis as one atomic step. */
export type Script<Reply> = (keys: readonly string[], args: readonly (string | number)[]) => Promise<Reply>;

/**
 * Registers a `.lua` file as a command of a client, under its folder and its name: sent once, then run by its hash. Of
 * a thousand accounts on one client, the first registers it for all. What it expects and returns is described at the
 * top of the file.
 */
export function loadScript<Reply>(redis: RedisClient, file: URL): Script<Reply> {
  const command = `faxwatch/${basename(dirname(file.pathname))}/${basename(file.pathname, '.lua')}`;
  const commands = redis as unknown as Record<string, (...args: (string | number)[]) => Promise<Reply>>;
  if (!commands[command]) redis.defineCommand(command, { lua: readFileSync(file, 'utf8') });
  const run = commands[command];
  if (!run) throw new Error(`the Redis client did not take the script ${command}`);
  return (keys, args) => run.call(redis, keys.length, ...keys, ...args);
}
