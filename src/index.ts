/** What the package `faxwatch-client` gives other services: the client, its errors, and the types of its results. */
export { FaxStatusClient, type ClientOptions, type FaxStatus, type PollsSoFar } from './client/client.ts';
export type { OnRefused, TrackedFax, TrackOptions } from './client/enqueue.ts';
export {
  AccountError,
  CancelError,
  ClosedError,
  EventNotFoundError,
  EventsTrimmedError,
  RedisReplyError,
  RedisUnavailableError,
  WaitTimeoutError,
} from './client/errors.ts';
export { PayloadError } from './contract/fax-job.ts';
export type { RedisClient } from './redis/redis-client.ts';
export type { AlertData, AlertEvent, AlertKind } from './contract/alert.ts';
export type { CloudEvent, FaxCompletedEvent } from './contract/event.ts';
export type { FailureReason, FaxResult, JsonObject, Outcome } from './contract/result.ts';
