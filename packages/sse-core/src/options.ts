import type { CloseReason } from './close-reason.js'
import type { LineEnding, SseEvent } from './event.js'
import type { EventFilter } from './filter.js'
import type { HeadOptions } from './head.js'
import type { SseRequest } from './http.js'
import type { SseManager } from './manager.js'
import type { ConnectionStats } from './response-lifecycle.js'
import type { ConnectionSettings } from './settings.js'

/** The options of one response. They override those of its channel and its manager. */
export interface SseOptions
  extends HeadOptions,
    Pick<ConnectionSettings, 'heartbeatMs' | 'retryMs' | 'maxConnectionAgeMs'> {
  /**
   * Returns what is sent as a heartbeat. If it throws or returns a promise, the error goes to `onError`, and the
   * default is sent.
   * @defaultValue the comment `heartbeat`
   */
  readonly heartbeat?: (() => SseEvent | string) | undefined
  /**
   * The line ending of everything that is sent. Data is split at CR, LF and CRLF whatever this is.
   * @defaultValue `'\n'`
   */
  readonly eol?: LineEnding | undefined
  /**
   * The id of the last event that the client has, after which it resumes; `''` for none.
   * @defaultValue the `Last-Event-ID` header, else the query's `lastEventId`
   */
  readonly lastEventId?: string | undefined
  /**
   * How many of the newest events a client without a last event id gets first; `Infinity` for all that are retained.
   * @defaultValue 0
   */
  readonly rewind?: number | undefined
  /**
   * Sends only the events of the source for which this is true, replayed events included. If it throws or returns a
   * promise, the stream fails.
   */
  readonly filter?: EventFilter | undefined
  /**
   * Whether `sse-checkpoint` events advance a client's last event id if no other event does: at the start of a new
   * stream, and past events that a filter rejected.
   * @defaultValue true
   */
  readonly checkpoints?: boolean | undefined
  /**
   * Ends the stream with reason `'aborted'`. If it has aborted already, the response is an empty stream with status
   * 200, after which an EventSource reconnects.
   */
  readonly signal?: AbortSignal | undefined
  /** Whose connection this is (a user, an address), for `maxConnectionsPerKey`. */
  readonly key?: string | undefined
  /**
   * Any value that belongs to the connection. The source and `manager.disconnect()` find it as `connection.context`.
   */
  readonly context?: unknown
  /**
   * Called once when the response is over, whatever the reason. It is not awaited; what it throws or rejects with goes
   * to `onError`.
   */
  readonly onClose?: ((reason: CloseReason, stats: ConnectionStats) => void) | undefined
}

/** The options of `respond()`: those of a response, and what an adapter adds for its framework. */
export interface RespondOptions extends SseOptions {
  /**
   * The manager whose limits apply, and whose `close()` ends the stream.
   * @defaultValue the manager of the channel, if it has one
   */
  readonly manager?: SseManager | undefined
  /**
   * Refuses the stream for this reason, and tells the client to retry later: for a server that is stopping. A function is
   * asked when the stream begins, which is later than the call if other responses on its connection come first.
   */
  readonly refusal?: CloseReason | (() => CloseReason | undefined) | undefined
  /** Called just before the response is taken over from the framework. Until then the framework answers errors. */
  readonly onHead?: (() => void) | undefined
  /**
   * Called with the error with which the promise would otherwise reject; the promise then resolves with `'error'`. This
   * is for a framework that ignores promises. Pass the same function for all streams, so that they can share their
   * settings.
   */
  readonly onFailure?: FailureListener | undefined
}

// Declared as a method, so that an adapter's function may name its framework's own type of request.
export type FailureListener = { hear(error: unknown, req: SseRequest): void }['hear']

/** Whether a stream still needs its options after the response headers were sent. Otherwise they are released. */
export function lasts({ key, context, heartbeat, filter, rewind, checkpoints, onClose }: RespondOptions): boolean {
  // The context may be any value, even null.
  return context !== undefined || (key ?? heartbeat ?? filter ?? rewind ?? checkpoints ?? onClose) !== undefined
}
