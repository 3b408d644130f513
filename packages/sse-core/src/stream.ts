import { SseError } from './errors.js'
import { checkEvent, rememberBody, type SseEvent } from './event.js'

/**
 * A stream to add events to: before it is given to `res.sse(stream)`, and while it is being sent. It has one consumer.
 * Without `end()` the response stays open. A client for which more than `maxBufferedBytes` wait is cut as `'slow'`.
 */
export class SseStream implements AsyncIterable<SseEvent> {
  #queue: { readonly event: SseEvent; readonly size: number }[] = []
  #size = 0
  #bound: { readonly size: number; readonly onFull: () => void } | undefined
  #isEnded = false
  #hasConsumer = false
  #isAbandoned = false
  #waiting: (() => void)[] = []

  /** How many events wait to be sent. */
  get length(): number {
    return this.#queue.length
  }

  /** Whether no event waits to be sent. */
  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /**
   * Adds an event, or a text as the data of an unnamed one. After the client has left it does nothing.
   *
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: a field cannot be written
   * @throws {SseError} `ERR_SSE_CLOSED`: the stream was ended
   */
  add(event: SseEvent | string): this {
    if (this.#isEnded) throw new SseError('ERR_SSE_CLOSED', 'the stream has ended')
    const checked = checkEvent(event)
    if (this.#isAbandoned) return this
    rememberBody(checked)
    this.#queue.push({ event: checked.event, size: checked.body.length })
    this.#size += checked.body.length
    if (this.#bound !== undefined && this.#size > this.#bound.size) this.#bound.onFull()
    this.#wake()
    return this
  }

  /** Adds an unnamed event. Throws as `add` does. */
  addData(data: unknown): this {
    return this.add({ data })
  }

  /** Adds an event of a type. Throws as `add` does. */
  addEvent(type: string, data: unknown): this {
    return this.add({ event: type, data })
  }

  /** Ends the stream behind what it holds. Idempotent. */
  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  /** Calls back when so many bytes wait, beside those that wait already. @internal */
  bound(size: number, onFull: () => void): void {
    this.#bound = { size: this.#size + size, onFull }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** @throws {TypeError} the stream has a consumer already */
  [Symbol.asyncIterator](): AsyncIterator<SseEvent, undefined> {
    if (this.#hasConsumer) throw new TypeError('an SseStream has one consumer, and this one has it already')
    this.#hasConsumer = true
    return {
      next: async () => {
        while (this.#queue.length === 0 && !this.#isEnded && !this.#isAbandoned) {
          await new Promise<void>((resolve) => {
            this.#waiting.push(resolve)
          })
        }
        const next = this.#queue.shift()
        if (next === undefined) return { done: true, value: undefined }
        this.#size -= next.size
        return { done: false, value: next.event }
      },
      return: async () => {
        this.#isAbandoned = true
        this.#queue = []
        this.#wake()
        return { done: true, value: undefined }
      },
    }
  }
}
