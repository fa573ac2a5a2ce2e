import { MultiBar } from 'cli-progress';
import { fitted } from './say.ts';

/** Lines on standard output, and below them a bar on standard error where that is a terminal. */
export class Progress {
  readonly #bars: MultiBar | undefined;
  readonly #bar: ReturnType<MultiBar['create']> | undefined;

  /**
   * @param what the text of the bar; cli-progress's placeholders are `{value}`, `{total}`, `{percentage}`
   * @param total how many there are to do; no bar if it is not known (0)
   */
  constructor(what: string, total: number) {
    if (!process.stderr.isTTY || total === 0) return;
    // MultiBar for its log(): SingleBar would draw over lines that are printed meanwhile.
    this.#bars = new MultiBar({
      format: `[{bar}] ${what}`,
      clearOnComplete: true,
      forceRedraw: true,
      gracefulExit: false,
      linewrap: true, // else lines longer than the terminal is wide are cut off
    });
    this.#bar = this.#bars.create(total, 0);
    process.once('exit', restoreTerminal); // also if it is interrupted
  }

  line(text: string): void {
    if (this.#bars && process.stdout.isTTY) this.#bars.log(`${fitted(text, process.stdout)}\n`);
    else console.log(text);
  }

  /** A line that is no outcome, on standard error. */
  note(text: string): void {
    if (this.#bars) this.#bars.log(`${fitted(text, process.stderr)}\n`);
    else console.error(text);
  }

  /** @param done how many of the total are done */
  set(done: number): void {
    this.#bar?.update(done);
  }

  /** Removes the bar; the lines stay. */
  stop(): void {
    this.#bars?.update(); // writes the last lines
    this.#bars?.stop();
    process.off('exit', restoreTerminal);
  }
}

/** The cursor is shown, and lines are wrapped, as before the bar. */
const restoreTerminal = (): void => void process.stderr.write('\x1b[?25h\x1b[?7h\n');
