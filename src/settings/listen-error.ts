/** A server cannot listen where the settings say, as nothing here has that address or nobody may use that port. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  /** @param settings whose `_HOST` and `_PORT` it was @param cause Node's error */
  constructor(settings: 'DASHBOARD' | 'CALLBACK', host: string, port: number, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    super(`cannot listen on ${host}, port ${port} (${code}): check ${settings}_HOST and ${settings}_PORT`, { cause });
  }
}
