/** The fax was not final within the time that the caller gave. It is still watched. */
export class WaitTimeoutError extends Error {
  override readonly name = 'WaitTimeoutError';
  readonly code = 'ERR_WAIT_TIMEOUT';

  constructor(faxId: string, timeoutMs: number) {
    super(`fax ${faxId} was not final within ${timeoutMs} ms; it is still watched: wait again, or listen to its event`);
  }
}

/** The fax could not be let go of, as a worker was at it all the time. Try again. */
export class CancelError extends Error {
  override readonly name = 'CancelError';
  readonly code = 'ERR_CANCEL';
}

/** The client was closed while something still waited. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
  readonly code = 'ERR_CLOSED';
}
