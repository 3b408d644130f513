import type { SseChannel, SseEvent } from '@ssekit/sse-core'
import { until } from './until.js'

/** Somebody who listens to a channel, and everything that it was told. */
export class Loop {
  readonly events: SseEvent[] = []
  /** Settles when the channel has ended. */
  readonly over: Promise<void>
  isOver = false

  readonly #leaving = new AbortController()

  constructor(channel: SseChannel, lastEventId?: string) {
    this.over = this.#read(channel.listen({ lastEventId, signal: this.#leaving.signal }))
    // Whoever waits for the end hears of it; others wait for events in vain.
    this.over.catch(() => {})
  }

  /** Of the events that were broadcast. */
  get data(): unknown[] {
    return this.events.filter(({ event }) => event !== 'sse-gap').map(({ data }) => data)
  }

  get ids(): (string | undefined)[] {
    return this.events.map(({ id }) => id)
  }

  get gaps(): SseEvent[] {
    return this.events.filter(({ event }) => event === 'sse-gap')
  }

  /** Waits for some event's data. */
  hears(data: unknown): Promise<void> {
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
