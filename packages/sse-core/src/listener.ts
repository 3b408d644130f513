import { AsyncResource } from 'node:async_hooks'
import { onAbort } from './abort.js'
import type { SseChannel } from './channel.js'
import { markAsOurs } from './copy.js'
import type { Cursor, StartOptions } from './cursor.js'
import type { SseEvent } from './event.js'
import { type EventFilter, passes } from './filter.js'
import { requireDuration, requireRewind } from './limits.js'
import { GAP_EVENT } from './signals.js'
import type { Subscriber } from './subscribers.js'
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

const HEARTBEAT: SseEvent = Object.freeze({ comment: 'heartbeat' })

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
    const { rewind = 0, heartbeatMs = 0 } = options
    requireRewind(rewind)
    requireDuration('heartbeatMs', heartbeatMs)
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

type Result = IteratorResult<SseEvent, undefined>
const DONE: Result = { done: true, value: undefined }

/** Reads straight from the log: it holds no events, however slow its loop is. */
class ListenerIterator implements AsyncIterator<SseEvent, undefined>, Subscriber {
  readonly connection = undefined
  readonly #listener: ChannelListener
  #cursor: Cursor | undefined
  // So that the filter sees the async context of the loop, not that of whoever broadcasts.
  #scope: AsyncResource | undefined
  #forgetSignal: (() => void) | undefined
  #hasStarted = false
  #isLoading = false
  // The channel is closed: what is left is read, and then it is over.
  #isClosing = false
  #isDone = false
  #error: { readonly cause: unknown } | undefined
  // Each call to next() that found nothing to read.
  readonly #waiting: ((result: Promise<Result>) => void)[] = []
  #heartbeat: NodeJS.Timeout | undefined

  constructor(listener: ChannelListener) {
    this.#listener = listener
  }

  get isDead(): boolean {
    return this.#listener.options.signal?.aborted === true
  }

  next(): Promise<Result> {
    if (!this.#hasStarted) this.#start()
    if (this.#waiting.length === 0) {
      const result = this.#take()
      if (result !== undefined) return result
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#armHeartbeat()
    })
  }

  async return(): Promise<Result> {
    this.#finish()
    return DONE
  }

  pump(): void {
    while (this.#waiting.length > 0) {
      const result = this.#take()
      if (result === undefined) return
      this.#waiting.shift()?.(result)
    }
  }

  close(): void {
    const cursor = this.#cursor
    // A loop that is behind has what was broadcast before: its cursor holds the log that the channel gives back.
    if (this.isDead || cursor === undefined || cursor.isUpToDate) {
      this.#finish()
      return
    }
    this.#isClosing = true
    this.#listener.channel.subscribers.remove(this)
    this.pump()
  }

  #start(): void {
    this.#hasStarted = true
    const { channel, options } = this.#listener
    if (options.filter !== undefined) this.#scope = new AsyncResource('SseListener')
    this.#forgetSignal = onAbort(options.signal, () => this.#finish())
    try {
      if (options.signal?.aborted) {
        this.#finish()
        return
      }
      const warming = channel.warm()
      if (warming === undefined) this.#cursor = this.#listener.takeCursor()
      else void warming.then(() => this.#begin()).catch((error: unknown) => this.#fail(error))
      channel.subscribers.add(this)
    } catch (error) {
      this.#fail(error)
    }
  }

  #begin(): void {
    if (this.#isDone) return
    this.#cursor = this.#listener.takeCursor()
    this.pump()
  }

  /** What is there to yield; undefined if it must be waited for. */
  #take(): Promise<Result> | undefined {
    if (this.#error !== undefined) {
      const { cause } = this.#error
      this.#error = undefined
      return Promise.reject(cause)
    }
    if (this.#isDone) return Promise.resolve(DONE)
    const cursor = this.#cursor
    if (cursor === undefined) return undefined
    try {
      const event =
        this.#scope === undefined ? this.#read(cursor) : this.#scope.runInAsyncScope(() => this.#read(cursor))
      if (event !== undefined) return Promise.resolve({ done: false, value: event })
    } catch (error) {
      // To the first who waits; to this call if nobody does.
      this.#fail(error)
      return this.#take()
    }
    if (this.#isClosing && !this.#isLoading) this.#finish()
    return this.#isDone ? Promise.resolve(DONE) : undefined
  }

  #read(cursor: Cursor): SseEvent | undefined {
    const { filter } = this.#listener.options
    for (let step = cursor.next(); step !== undefined; step = cursor.next()) {
      if (step.kind === 'end') this.#finish()
      if (step.kind === 'end') return undefined
      if (step.kind === 'gap') return { event: GAP_EVENT, data: step.gap, id: cursor.lastId }
      const { item } = step
      // The loop may change what it gets: what filters see is everybody's.
      if (filter === undefined || passes(filter, item.event as SseEvent)) return item.copyEvent()
    }
    if (cursor.needsPage) this.#loadPage(cursor)
    return undefined
  }

  #loadPage(cursor: Cursor): void {
    this.#isLoading = true
    cursor.loadPage().then(
      () => {
        this.#isLoading = false
        this.pump()
      },
      // Where the past is kept it is kept still: who listens again with the last id has lost nothing.
      (error: unknown) => this.#fail(error),
    )
  }

  #armHeartbeat(): void {
    const { heartbeatMs = 0 } = this.#listener.options
    clearTimeout(this.#heartbeat)
    if (heartbeatMs === 0 || this.#waiting.length === 0) return
    this.#heartbeat = setTimeout(() => {
      this.#waiting.shift()?.(Promise.resolve({ done: false, value: HEARTBEAT }))
      this.#armHeartbeat()
    }, heartbeatMs)
    this.#heartbeat.unref()
  }

  #fail(error: unknown): void {
    if (this.#isDone) return
    this.#error = { cause: error }
    this.#finish()
  }

  #finish(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#hasStarted = true
    // The channel may have given its log back, and an iterator may be kept.
    this.#cursor = undefined
    clearTimeout(this.#heartbeat)
    this.#forgetSignal?.()
    this.#listener.channel.subscribers.remove(this)
    this.pump()
  }
}
