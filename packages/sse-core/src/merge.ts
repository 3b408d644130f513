import type { SseChannel } from './channel.js'
import type { SseEvent } from './event.js'
import { type EventPuller, pullEvents } from './event-puller.js'
import type { ChannelListener } from './listener.js'
import { markAsOurs, requireOurs } from './package-copy.js'
import { warn } from './report.js'
import { shown } from './shown.js'
import { isPullSource, type PullSource } from './source.js'
import type { HeardEvent } from './typed-events.js'

/** Several sources as one. `res.sse()` subscribes to the channels among them, rather than iterating over them. */
export class MergedSource implements AsyncIterable<SseEvent> {
  /** @internal */
  readonly sources: readonly PullSource[]

  constructor(sources: readonly PullSource[]) {
    this.sources = sources
  }

  [Symbol.asyncIterator](): AsyncIterator<SseEvent, undefined> {
    return new MergedIterator(this.sources)
  }
}

markAsOurs(MergedSource)

/** What a source yields in a merged one. Only channels tell the types of their events. */
type EventOf<Source> =
  Source extends SseChannel<infer Events>
    ? HeardEvent<Events>
    : Source extends ChannelListener<infer Events>
      ? HeardEvent<Events>
      : SseEvent

/**
 * Merges several sources into one, which yields each event as soon as it comes. It ends when all have ended, and fails
 * when one fails. A loop over typed channels is typed; one over other sources too yields any `SseEvent`.
 *
 * Channels merged on one response are resumed together: the id of each event consists of the positions in all of them,
 * `posA~posB`. If a publisher chose an event's id, or the ids together exceed 128 bytes, this event clears the client's
 * id, those after it have none, and the stream is live only.
 *
 * @throws {TypeError} an argument is not a channel, an iterable or a stream, or belongs to another copy of this package
 */
export function merge<Sources extends readonly PullSource[]>(
  ...sources: Sources
): AsyncIterable<EventOf<Sources[number]>> {
  for (const source of sources) {
    if (!isPullSource(source)) throw new TypeError(`merge takes channels, iterables and streams, not ${shown(source)}`)
    requireOurs(source)
  }
  // Sources are not checked against their types, but channels contain only what theirs accept.
  return new MergedSource(sources) as AsyncIterable<SseEvent> as AsyncIterable<EventOf<Sources[number]>>
}

type Result = IteratorResult<SseEvent, undefined>
const DONE: Result = { done: true, value: undefined }

class MergedIterator implements AsyncIterator<SseEvent, undefined> {
  readonly #pullers = new Set<EventPuller>()
  // What the sources have yielded, at most one event each: no source is read again before its event is taken.
  readonly #ready: (() => Promise<Result>)[] = []
  readonly #waiting: ((result: Promise<Result>) => void)[] = []
  #hasStarted = false

  constructor(sources: readonly PullSource[]) {
    try {
      for (const source of sources) this.#pullers.add(pullEvents(source))
    } catch (error) {
      // For example, a stream that already has a consumer. Nobody will read the other sources.
      this.#finish()
      throw error
    }
  }

  next(): Promise<Result> {
    if (!this.#hasStarted) {
      this.#hasStarted = true
      for (const puller of this.#pullers) this.#ask(puller)
    }
    const take = this.#ready.shift()
    if (take !== undefined) return take()
    if (this.#pullers.size === 0) return Promise.resolve(DONE)
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  async return(): Promise<Result> {
    this.#finish()
    return DONE
  }

  #ask(puller: EventPuller): void {
    puller.next().then(
      (result) => {
        if (!this.#pullers.has(puller)) return
        if (result.done) {
          this.#pullers.delete(puller)
          if (this.#pullers.size === 0) this.#finish()
          return
        }
        const { value } = result
        this.#give(() => {
          this.#ask(puller)
          return Promise.resolve({ done: false, value })
        })
      },
      (error: unknown) => {
        if (!this.#pullers.has(puller)) return
        // It stays in the set until its error is taken: otherwise the end of the others would hide the error.
        this.#give(() => {
          this.#finish()
          return Promise.reject(error)
        })
      },
    )
  }

  #give(take: () => Promise<Result>): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#ready.push(take)
    else waiting(take())
  }

  #finish(): void {
    // Not awaited: a generator that is waiting for something runs its `finally` only after that.
    for (const puller of this.#pullers) puller.cancel(warn)
    this.#pullers.clear()
    this.#ready.length = 0
    for (const resolve of this.#waiting.splice(0)) resolve(Promise.resolve(DONE))
  }
}
