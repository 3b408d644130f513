import type { CloseReason } from './close-reason.js'
import type { LineEnding, SseEvent } from './event.js'
import type { EventFilter } from './filter.js'
import type { HeadOptions } from './head.js'
import type { SseRequest } from './http.js'
import type { SseManager } from './manager.js'
import type { ConnectionStats } from './response-lifecycle.js'
import type { ConnectionSettings } from './settings.js'

/** What one response may set for itself, beside what holds for its manager or channel. */
export interface SseOptions
  extends HeadOptions,
    Pick<ConnectionSettings, 'heartbeatMs' | 'retryMs' | 'maxConnectionAgeMs'> {
  /**
   * Makes what is sent when nothing else is. If it throws or returns a promise, the error goes to `onError`, and the default is
   * sent. @defaultValue the comment `heartbeat`
   */
  readonly heartbeat?: (() => SseEvent | string) | undefined
  /** The line ending of everything that the response sends. Data is split at CR, LF and CRLF whichever it is. @defaultValue `'\n'` */
  readonly eol?: LineEnding | undefined
  /** Where to resume. @defaultValue the `Last-Event-ID` header, else the query's `lastEventId` */
  readonly lastEventId?: string | undefined
  /** How many of the newest events a client gets first that has no last event id. @defaultValue 0 */
  readonly rewind?: number | undefined
  /** Only the events of the source for which this is true; asked of replayed events too. If it throws, or
   * returns a promise, the stream fails. */
  readonly filter?: EventFilter | undefined
  /**
   * Whether `sse-checkpoint` events advance a client's last event id when no other event did: at the start of a fresh stream,
   * and past events that a filter held back. @defaultValue true
   */
  readonly checkpoints?: boolean | undefined
  /**
   * Ends the stream with reason `'aborted'`. If it has aborted already, the answer is an empty stream with status 200, after
   * which an EventSource reconnects.
   */
  readonly signal?: AbortSignal | undefined
  /** Whose connection this is, for `maxConnectionsPerKey`: a user, an address. */
  readonly key?: string | undefined
  /** Anything that belongs to the connection; `manager.disconnect()` and the source find it there. */
  readonly context?: unknown
  /**
   * Called once when the response is over, whatever the reason. It is not awaited; what it throws or rejects with goes to
   * `onError`.
   */
  readonly onClose?: ((reason: CloseReason, stats: ConnectionStats) => void) | undefined
}

/** What an adapter adds for its framework. */
export interface RespondOptions extends SseOptions {
  /** Whose limits hold, and whose `close()` ends the stream. @defaultValue the manager of the channel, if it has one */
  readonly manager?: SseManager | undefined
  /** Sends the client away for a while, for this reason: the server is stopping. */
  readonly refusal?: CloseReason | undefined
  /** Called just before the response becomes ours: until then an error is for the framework to answer. */
  readonly onHead?: (() => void) | undefined
  /**
   * Hears of what else the promise would reject with, which then resolves with `'error'`: for a framework that ignores
   * promises. One function for all streams is best.
   */
  readonly onFailure?: FailureListener | undefined
}

// As a method, so that an adapter may say of which type its framework's requests are.
export type FailureListener = { hear(error: unknown, req: SseRequest): void }['hear']

/** Whether a stream needs its options after its head is out; those that do not give them back. */
export function lasts({ key, context, heartbeat, filter, rewind, checkpoints, onClose }: RespondOptions): boolean {
  // The context may be anything, null too.
  return context !== undefined || (key ?? heartbeat ?? filter ?? rewind ?? checkpoints ?? onClose) !== undefined
}
