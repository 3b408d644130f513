import type { SseChannel } from './channel.js'
import type { Cursor, StartOptions } from './cursor.js'
import type { SseEvent } from './event.js'
import type { EventFilter } from './filter.js'
import { requireDuration } from './limits.js'
import { ListenerIterator } from './listener-iterator.js'
import { requireReading } from './option-checks.js'
import { markAsOurs } from './package-copy.js'
import type { HeardEvent } from './typed-events.js'

// biome-ignore lint/suspicious/noExplicitAny: as of `SseChannel` alone, options for any channel
export interface ListenOptions<Events extends object = any> extends StartOptions {
  /** Only the events for which this is true. If it throws, the loop does. */
  readonly filter?: EventFilter<Events> | undefined
  /** After this idle time, in ms, the loop yields `{ comment: 'heartbeat' }`; 0 is never. @defaultValue 0 */
  readonly heartbeatMs?: number | undefined
  /** Ends the loop. */
  readonly signal?: AbortSignal | undefined
}

/** What `channel.listen()` returns: a view of the channel, to be iterated over or given to `res.sse()`, as often as you like. */
// biome-ignore lint/suspicious/noExplicitAny: as of `SseChannel` alone, a view of any channel
export class ChannelListener<Events extends object = any> implements AsyncIterable<SseEvent> {
  /** @internal */
  readonly channel: SseChannel
  /** @internal */
  readonly options: ListenOptions
  // Where the reader stands when the log is warm; a log that is not makes later broadcasts wait until it is.
  #cursor: Cursor | undefined

  /** @internal */
  constructor(channel: SseChannel, options: ListenOptions) {
    requireReading(options)
    requireDuration('heartbeatMs', options.heartbeatMs ?? 0)
    this.channel = channel
    this.options = options
    const warming = channel.warm()
    if (warming === undefined) this.#cursor = channel.cursor(options)
    // Whoever reads hears of the error.
    else
      void warming
        .then(() => {
          this.#cursor = channel.cursor(options)
        })
        .catch(() => {})
  }

  /**
   * Where a reader starts, of a channel that is warm: the first one at the place that the call to `listen()` has taken, and
   * those after it like any fresh reader. @internal
   */
  takeCursor(): Cursor {
    const cursor = this.peekCursor()
    this.#cursor = undefined
    return cursor
  }

  /** The same, and it stays to be taken. @internal */
  peekCursor(): Cursor {
    const made = this.#cursor
    if (made === undefined) return this.channel.cursor(this.options)
    // If the channel was idle in between, its log is another one, and the id says how much was missed.
    return made.log === this.channel.log ? made : this.channel.cursor({ lastEventId: made.lastId })
  }

  [Symbol.asyncIterator](): AsyncIterator<HeardEvent<Events>, undefined> {
    // A log is of no channel in particular: what comes out of it is what the channel's types let in.
    return new ListenerIterator(this) as AsyncIterator<HeardEvent<Events>, undefined>
  }
}

markAsOurs(ChannelListener)
