import type { SseChannel } from './channel.js'
import type { Cursor, StartOptions } from './cursor.js'
import type { SseEvent } from './event.js'
import type { EventFilter } from './filter.js'
import { requireDuration } from './limits.js'
import { ListenerIterator } from './listener-iterator.js'
import { requireReading } from './option-checks.js'
import { markAsOurs } from './package-copy.js'
import type { HeardEvent } from './typed-events.js'

// biome-ignore lint/suspicious/noExplicitAny: like a bare `SseChannel`, options for any channel
export interface ListenOptions<Events extends object = any> extends StartOptions {
  /** Yields only the events for which this is true. If it throws or returns a promise, the loop fails. */
  readonly filter?: EventFilter<Events> | undefined
  /**
   * After waiting this long for an event, in ms, the loop yields `{ comment: 'heartbeat' }`; 0 turns that off. Given to
   * `res.sse()`, it is the heartbeat interval of the stream.
   * @defaultValue 0
   */
  readonly heartbeatMs?: number | undefined
  /** Ends the loop when it aborts. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What `channel.listen()` returns: a view of the channel, to iterate over or give to `res.sse()` as often as you like.
 */
// biome-ignore lint/suspicious/noExplicitAny: like a bare `SseChannel`, a view of any channel
export class ChannelListener<Events extends object = any> implements AsyncIterable<SseEvent> {
  /** @internal */
  readonly channel: SseChannel
  /** @internal */
  readonly options: ListenOptions
  // The first reader's cursor, taken once the log is warm. Until then, broadcasts of this process wait.
  #cursor: Cursor | undefined

  /** @internal */
  constructor(channel: SseChannel, options: ListenOptions) {
    requireReading(options)
    const { heartbeatMs = 0 } = options
    requireDuration('heartbeatMs', heartbeatMs)
    this.channel = channel
    this.options = options
    try {
      const warming = channel.warm()
      if (warming === undefined) this.#cursor = channel.cursor(options)
      else
        void warming
          .then(() => {
            this.#cursor = channel.cursor(options)
          })
          .catch(() => {})
    } catch {
      // Ignored, here and above: a reader warms the log again, and gets the error.
    }
  }

  /**
   * Returns where a reader of a warm channel starts: the first reader at the position that `listen()` took, every later
   * one as a new reader with the same options. @internal
   */
  takeCursor(): Cursor {
    const cursor = this.peekCursor()
    this.#cursor = undefined
    return cursor
  }

  /** Returns the same without taking it. @internal */
  peekCursor(): Cursor {
    const made = this.#cursor
    if (made === undefined) return this.channel.cursor(this.options)
    // If the channel was idle in between, it has a new log, in which the id shows what was missed.
    return made.log === this.channel.log ? made : this.channel.cursor({ lastEventId: made.lastId })
  }

  [Symbol.asyncIterator](): AsyncIterator<HeardEvent<Events>, undefined> {
    // Logs are untyped, but contain only what the channel's types accept.
    return new ListenerIterator(this) as AsyncIterator<HeardEvent<Events>, undefined>
  }
}

markAsOurs(ChannelListener)
