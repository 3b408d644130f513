export type {
  Backplane,
  BackplaneSink,
  LogEntry,
  LogInput,
  SubscriptionStart,
  Unsubscribe,
} from './backplane.js'
export {
  type ChannelOptions,
  SseChannel,
  type StandaloneChannelOptions,
} from './channel.js'
export type { CloseReason } from './close-reason.js'
export { Coalescer } from './coalescer.js'
export type { SseConnection } from './connection.js'
export { type CreateResponseOptions, createResponse } from './create-response.js'
export type { Gap, StartOptions } from './cursor.js'
export { SseError, type SseErrorCode } from './errors.js'
export { formatEvent, type LineEnding, SseEvent } from './event.js'
export type { EventFilter } from './filter.js'
export { type FollowersOptions, LogFollowers } from './followers.js'
export type { CloseOptions } from './graceful-shutdown.js'
export type { HeadOptions, SseHeaders } from './head.js'
export type { SseRequest, SseResponse } from './http.js'
export { channelFor, type InjectChannelOptions } from './injection.js'
export type { HistoryLimits } from './limits.js'
export type { ChannelListener, ListenOptions } from './listener.js'
export {
  type ConnectionPredicate,
  type ManagerOptions,
  type ManagerStats,
  SseManager,
  sseManager,
} from './manager.js'
export { type MemoryBackplaneOptions, memoryBackplane } from './memory-backplane.js'
export { merge } from './merge.js'
export type { FailureListener, RespondOptions, SseOptions } from './options.js'
export type { ErrorListener } from './report.js'
export { respond } from './respond.js'
export type { ConnectionStats } from './response-lifecycle.js'
export type { ConnectionSettings, ResolvedSettings } from './settings.js'
export type { LogNews, LogStretch, PlacedEntry, SharedLog } from './shared-log.js'
export type { PullSource, SourceFunction, SseSource } from './source.js'
export { SseStream } from './stream.js'
export { managerOf } from './stream-config-of.js'
export type { SubscriberListener } from './subscribers.js'
export type { SubscribeOptions } from './subscription-group.js'
export { inTime } from './time-limit.js'
export type { ChannelEvent, HeardEvent, SentEvent } from './typed-events.js'
