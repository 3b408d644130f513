import { AsyncResource } from 'node:async_hooks'
import { onAbort } from './abort.js'
import type { Cursor } from './cursor.js'
import type { SseEvent } from './event.js'
import { passes } from './filter.js'
import type { ChannelListener } from './listener.js'
import { GAP_EVENT } from './signals.js'
import type { Subscriber } from './subscribers.js'

const HEARTBEAT: SseEvent = Object.freeze({ comment: 'heartbeat' })

type Result = IteratorResult<SseEvent, undefined>
const DONE: Result = { done: true, value: undefined }

/** One loop over a channel. It reads straight from the log: it holds no events, however slow its loop is. */
export class ListenerIterator implements AsyncIterator<SseEvent, undefined>, Subscriber {
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
