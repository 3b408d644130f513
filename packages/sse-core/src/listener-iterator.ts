import { AsyncResource } from 'node:async_hooks'
import { onAbort } from './abort.js'
import { GAP_EVENT } from './control-events.js'
import type { Cursor } from './cursor.js'
import type { SseEvent } from './event.js'
import { passes } from './filter.js'
import type { ChannelListener } from './listener.js'
import type { Failure } from './outcome.js'
import type { Subscriber } from './subscribers.js'

const HEARTBEAT: SseEvent = Object.freeze({ comment: 'heartbeat' })

type Result = IteratorResult<SseEvent, undefined>
const DONE: Result = { done: true, value: undefined }

/** A call to `next()` that has not been answered yet. */
interface Waiting {
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** One loop over a channel. It reads straight from the log and holds no events, however slow the loop is, except for a page of the past. */
export class ListenerIterator implements AsyncIterator<SseEvent, undefined>, Subscriber {
  readonly connection = undefined
  readonly #listener: ChannelListener
  // `closing`: the channel is closed; the loop reads what is left of it, and is then done.
  #state: 'new' | 'open' | 'closing' | 'done' = 'new'
  // Undefined until the log is warm, and after the loop is done.
  #cursor: Cursor | undefined
  // Runs the filter in the async context of the loop, not in that of the broadcast.
  #scope: AsyncResource | undefined
  #forgetSignal: (() => void) | undefined
  // An error that the loop has not received yet.
  #failure: Failure | undefined
  readonly #waiting: Waiting[] = []
  #isPumping = false
  #heartbeat: NodeJS.Timeout | undefined

  constructor(listener: ChannelListener) {
    this.#listener = listener
  }

  get isDead(): boolean {
    return this.#listener.options.signal?.aborted === true
  }

  next(): Promise<Result> {
    if (this.#state === 'new') this.#start()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.pump()
      this.#armHeartbeat()
    })
  }

  async return(): Promise<Result> {
    this.#finish()
    return DONE
  }

  pump(): void {
    // A filter may broadcast or close its channel, which calls this again. The event that it decides on comes first.
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#waiting.length > 0 && this.#answer());
    this.#isPumping = false
  }

  close(): void {
    const cursor = this.#cursor
    const hasAll = cursor === undefined || (cursor.isUpToDate && !this.#isPumping)
    if (this.isDead || hasAll) {
      this.#finish()
      return
    }
    // A loop that has fallen behind reads the rest: its cursor keeps the log that the channel releases.
    this.#state = 'closing'
    this.#listener.channel.subscribers.remove(this)
    this.pump()
  }

  #start(): void {
    this.#state = 'open'
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
    if (this.#state === 'done') return
    this.#cursor = this.#listener.takeCursor()
    this.pump()
  }

  /** Answers the first waiting call. Returns false if there is nothing to answer it with yet. */
  #answer(): boolean {
    const event = this.#read()
    if (event === undefined && this.#state !== 'done') return false
    const { resolve, reject } = this.#waiting.shift() as Waiting
    const failure = this.#failure
    this.#failure = undefined
    if (event !== undefined) resolve({ done: false, value: event })
    else if (failure !== undefined) reject(failure.cause)
    else resolve(DONE)
    return true
  }

  /** The next event for the loop; undefined if there is none yet, or no more. */
  #read(): SseEvent | undefined {
    const cursor = this.#cursor
    if (cursor === undefined) return undefined
    try {
      const scope = this.#scope
      const event = scope === undefined ? this.#pass(cursor) : scope.runInAsyncScope(() => this.#pass(cursor))
      if (event === undefined && this.#state === 'closing' && !cursor.isLoading) this.#finish()
      return event
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  /** Moves the cursor past the next gap, or the next event that the filter accepts, and returns it as an event. */
  #pass(cursor: Cursor): SseEvent | undefined {
    const { filter } = this.#listener.options
    for (let step = cursor.next(); step !== undefined; step = cursor.next()) {
      if (step.kind === 'end') {
        this.#finish()
        return undefined
      }
      if (step.kind === 'gap') return { event: GAP_EVENT, data: step.gap, id: cursor.lastId }
      const { item } = step
      // The loop gets a copy, which it may change: the event that filters see is shared.
      const isWanted = filter === undefined || passes(filter, item.event as SseEvent)
      // The filter itself may have ended the loop.
      if (this.#state === 'done') return undefined
      if (isWanted) return item.copyEvent()
    }
    if (cursor.needsPage) this.#loadPage(cursor)
    return undefined
  }

  #loadPage(cursor: Cursor): void {
    cursor.loadPage().then(
      () => this.pump(),
      // The events are still where they are kept: a caller that listens again with its last id has lost nothing.
      (error: unknown) => this.#fail(error),
    )
  }

  #armHeartbeat(): void {
    const { heartbeatMs = 0 } = this.#listener.options
    clearTimeout(this.#heartbeat)
    if (heartbeatMs === 0 || this.#waiting.length === 0) return
    this.#heartbeat = setTimeout(() => {
      this.#waiting.shift()?.resolve({ done: false, value: HEARTBEAT })
      this.#armHeartbeat()
    }, heartbeatMs)
    this.#heartbeat.unref()
  }

  #fail(error: unknown): void {
    if (this.#state === 'done') return
    this.#failure = { cause: error }
    this.#finish()
  }

  #finish(): void {
    if (this.#state === 'done') return
    this.#state = 'done'
    // The caller may keep the iterator, which must not keep a log that the channel has released.
    this.#cursor = undefined
    clearTimeout(this.#heartbeat)
    this.#forgetSignal?.()
    this.#listener.channel.subscribers.remove(this)
    this.pump()
  }
}
