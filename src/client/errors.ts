import { codedError } from '../contract/coded-error.ts';

/** No account can have that name, or the prefixes of the client leave no room for it on a cluster. */
export class AccountError extends codedError('AccountError', 'ERR_ACCOUNT') {}

/** The fax had no result within the time that the caller gave. If it is tracked, it still is. */
export class WaitTimeoutError extends codedError('WaitTimeoutError', 'ERR_WAIT_TIMEOUT') {
  constructor(faxId: string, timeoutMs: number) {
    super(
      `fax ${faxId} had no result within ${timeoutMs} ms: if it is tracked it still is, so wait again, ` +
        'or listen to its event; if not, track it first',
    );
  }
}

/** Watching the fax could not be stopped, as a worker was busy with it all the time. Try again. */
export class CancelError extends codedError('CancelError', 'ERR_CANCEL') {}

/** The client was closed: before the call, or while something still waited. */
export class ClosedError extends codedError('ClosedError', 'ERR_CLOSED') {}

/**
 * Redis could not be reached in time, or does not let this client in. Every call can be repeated. It is not known
 * whether a call that changes something took effect.
 */
export class RedisUnavailableError extends codedError('RedisUnavailableError', 'ERR_REDIS_UNAVAILABLE') {}

/** Redis answered a command with an error, such as a missing permission. Trying again does not help. */
export class RedisReplyError extends codedError('RedisReplyError', 'ERR_REDIS_REPLY') {}

/** The stream does not have the event from which reading was to continue: it was trimmed away, or never existed. */
export class EventNotFoundError extends codedError('EventNotFoundError', 'ERR_EVENT_NOT_FOUND') {}

/** The stream was trimmed past the place where reading was to continue: events may be missing in between. */
export class EventsTrimmedError extends codedError('EventsTrimmedError', 'ERR_EVENTS_TRIMMED') {
  /** The entry id of the oldest event left; undefined if none is left. `since: '0'` reads on from it. */
  readonly oldestId: string | undefined;

  /** @param position the entry id after which reading was to continue */
  constructor(position: string, oldestId: string | undefined) {
    const left = oldestId === undefined ? 'none is left' : `the oldest left is ${oldestId}`;
    super(`events after ${position} were trimmed away: ${left}; 0 as since reads all that is left`);
    this.oldestId = oldestId;
  }
}
