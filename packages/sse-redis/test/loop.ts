import type { SseChannel, SseEvent } from '@ssekit/sse-core'
import { until } from './until.js'

/** A loop over a channel, and everything that it received. */
export class Loop {
  readonly events: SseEvent[] = []
  /** Settles when the channel has ended. */
  readonly over: Promise<void>
  isOver = false

  readonly #leaving = new AbortController()

  constructor(channel: SseChannel, lastEventId?: string) {
    this.over = this.#read(channel.listen({ lastEventId, signal: this.#leaving.signal }))
    // A test that awaits the end gets the error; other tests time out waiting for events.
    this.over.catch(() => {})
  }

  /** The data of the events, without gaps. */
  get data(): unknown[] {
    return this.events.filter(({ event }) => event !== 'sse-gap').map(({ data }) => data)
  }

  get ids(): (string | undefined)[] {
    return this.events.map(({ id }) => id)
  }

  get gaps(): SseEvent[] {
    return this.events.filter(({ event }) => event === 'sse-gap')
  }

  /** Waits for an event with this data. */
  receives(data: unknown): Promise<void> {
    return until(() => this.data.includes(data), `${String(data)}, after ${String(this.data.at(-1))}`)
  }

  async leave(): Promise<void> {
    this.#leaving.abort()
    await this.over
  }

  async #read(events: AsyncIterable<SseEvent>): Promise<void> {
    try {
      for await (const event of events) this.events.push(event)
    } finally {
      this.isOver = true
    }
  }
}
