/** What `import 'faxwatch'` gives other services: a client, and the types of the contract. */
export {
  FaxStatusClient,
  type ClientOptions,
  type FaxStatus,
  type TrackedFax,
  type TrackOptions,
} from './client/client.ts';
export {
  CancelError,
  ClosedError,
  EventNotFoundError,
  EventsTrimmedError,
  RedisReplyError,
  RedisUnavailableError,
  WaitTimeoutError,
} from './client/errors.ts';
export { PayloadError } from './contract/fax-job.ts';
export { type FaxProgress } from './contract/progress.ts';
export type { AlertData, AlertEvent, AlertKind } from './contract/alert.ts';
export type { CloudEvent, FaxCompletedEvent } from './contract/event.ts';
export type { FailureReason, FaxResult, JsonObject, Outcome } from './contract/result.ts';
