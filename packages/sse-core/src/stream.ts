import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import { checkEvent, idLine, rememberBody } from './event-text.js'
import { Queue } from './queue.js'

/**
 * A stream that events can be added to, before it is given to `res.sse(stream)` and while it is being sent. It has one
 * consumer. Without `end()` the response stays open. If more than `maxBufferedBytes` wait for a client, the next event
 * disconnects it as `'slow'`. What the stream held before its response began is not counted.
 */
export class SseStream implements AsyncIterable<SseEvent> {
  readonly #queue = new Queue<{ readonly event: SseEvent; readonly bytes: number }>()
  // Counts only what was added after `bound()`; nothing else is measured.
  #bytes = 0
  #bound: { readonly bytes: number; readonly onFull: () => void } | undefined
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
   * Adds an event, or a text as the data of an unnamed event. Does nothing once the client has disconnected.
   *
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: a field cannot be written
   * @throws {SseError} `ERR_SSE_CLOSED`: the stream was ended
   */
  add(event: SseEvent | string): this {
    if (this.#isEnded) throw new SseError('ERR_SSE_CLOSED', 'the stream has ended')
    const checked = checkEvent(event)
    // Checked before the event is counted, since one event may be larger than the limit.
    if (this.#bound !== undefined && this.#bytes > this.#bound.bytes) this.#bound.onFull()
    if (this.#isAbandoned) return this
    rememberBody(checked)
    const bytes = this.#bound === undefined ? 0 : Buffer.byteLength(idLine(checked.event.id) + checked.body)
    this.#queue.add({ event: checked.event, bytes })
    this.#bytes += bytes
    this.#wake()
    return this
  }

  /** Adds an unnamed event. Throws as `add` does. */
  addData(data: unknown): this {
    return this.add({ data })
  }

  /** Adds an event with a type. Throws as `add` does. */
  addEvent(type: string, data: unknown): this {
    return this.add({ event: type, data })
  }

  /** Ends the stream after the events it holds. Idempotent. */
  end(): void {
    this.#isEnded = true
    this.#wake()
  }

  /** Calls back when an event is added while more than so many bytes wait, except those that wait already. @internal */
  bound(bytes: number, onFull: () => void): void {
    this.#bound = { bytes, onFull }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** @throws {TypeError} the stream already has a consumer */
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
        const next = this.#queue.take()
        if (next === undefined) return { done: true, value: undefined }
        this.#bytes -= next.bytes
        return { done: false, value: next.event }
      },
      return: async () => {
        this.#isAbandoned = true
        this.#queue.clear()
        this.#wake()
        return { done: true, value: undefined }
      },
    }
  }
}
