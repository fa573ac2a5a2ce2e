/**
 * Wrong settings: one line per variable in `problems`, none with a secret's value. The process ends with exit code 78.
 */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'ERR_SETTINGS';
  readonly exitCode = 78; // EX_CONFIG of sysexits(3)
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
