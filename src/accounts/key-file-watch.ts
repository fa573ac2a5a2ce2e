import type { Log } from '../log/log.ts';
import { keyFileOf, readKeyFile, servedBy, type Served } from '../settings/key-files.ts';
import { SettingsError } from '../settings/settings-error.ts';
import type { Settings } from '../settings/table.ts';
import { every } from '../timing/every.ts';

const READ_MS = 2_000;

/**
 * Reads the file with the keys again and again. Contents are compared, not times: where a directory is swapped under
 * the file, as Kubernetes does, a time may be older than before. A file that is wrong changes nothing.
 */
export class KeyFileWatch {
  readonly #settings: Settings;
  readonly #changed: (served: Served) => Promise<void>;
  readonly #log: Log;
  #content: string | undefined;
  #valid = true;
  #reads: Disposable | undefined;

  /** @param changed gets what the file now says, if it is right and another than before */
  constructor(settings: Settings, changed: (served: Served) => Promise<void>, log: Log) {
    this.#settings = settings;
    this.#changed = changed;
    this.#log = log;
  }

  /** Whether the file was right when it was last read; undefined if there is none. */
  get valid(): boolean | undefined {
    return keyFileOf(this.#settings) === null ? undefined : this.#valid;
  }

  /**
   * Reads the file for the first time.
   *
   * @throws SettingsError if it is wrong, or has no account of a name in `ACCOUNTS`
   */
  async first(): Promise<void> {
    this.#content = await readKeyFile(this.#settings);
    const served = servedBy(this.#settings, this.#content);
    const problems = [...served.problems, ...served.missing];
    if (problems.length > 0) throw new SettingsError(problems);
    for (const warning of served.warnings) this.#log.warn(warning);
    await this.#changed(served);
  }

  start(): void {
    if (keyFileOf(this.#settings) === null) return;
    const failed = (err: unknown): void => this.#log.warn({ err }, 'what the file with the keys says is not in force');
    this.#reads = every(READ_MS, () => this.read(), failed);
  }

  stop(): void {
    this.#reads?.[Symbol.dispose]();
  }

  /** Reads the file now. */
  async read(): Promise<void> {
    const content = await readKeyFile(this.#settings);
    if (content === this.#content) return;
    this.#content = content;
    const served = servedBy(this.#settings, content);
    this.#valid = served.problems.length === 0;
    for (const problem of served.problems) this.#log.error(`${problem}; nothing is changed`);
    if (!this.#valid) return;
    for (const warning of [...served.missing, ...served.warnings]) this.#log.warn(warning);
    await this.#changed(served);
  }
}
