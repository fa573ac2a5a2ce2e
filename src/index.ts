/** What `import 'faxwatch'` gives other services: a client, and the types of the contract. */
export { FaxStatusClient, type ClientOptions, type FaxStatus, type TrackedFax, type TrackOptions } from './client/client.ts';
export {
  CancelError,
  ClosedError,
  EventNotFoundError,
  EventsTrimmedError,
  RedisReplyError,
  RedisUnavailableError,
  WaitTimeoutError,
} from './client/errors.ts';
export { PayloadError, type FaxProgress } from './polling/job.ts';
export type { AlertData, AlertEvent, AlertKind } from './alerts/alert.ts';
export type { CloudEvent, FaxCompletedEvent } from './results/event.ts';
export type { FailureReason, FaxResult, JsonObject, Outcome } from './results/result.ts';
