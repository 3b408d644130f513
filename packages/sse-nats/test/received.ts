import type { Backplane, LogEntry, Unsubscribe } from '@ssekit/sse-core'
import { until } from './until.js'

/** Everything that one subscription received. */
export class Received {
  readonly entries: LogEntry[] = []
  gaps = 0
  unsubscribe: Unsubscribe = () => {}

  /** Subscribes, starting with the newest `last` entries (default: all), and resolves once live. */
  static async of(backplane: Backplane, channel: string, last: number = Number.MAX_SAFE_INTEGER): Promise<Received> {
    const received = new Received()
    received.unsubscribe = await backplane.subscribe(
      channel,
      { last },
      {
        entry: (entry) => received.entries.push(entry),
        gap: () => {
          received.gaps += 1
        },
      },
    )
    return received
  }

  get ids(): string[] {
    return this.entries.map(({ id }) => id)
  }

  /** The events' data; `'end'` for the end. */
  get data(): unknown[] {
    return this.entries.map((entry) => ('event' in entry ? entry.event.data : 'end'))
  }

  /** Waits for an event with this data. */
  until(data: unknown): Promise<void> {
    return until(
      () => this.data.includes(data),
      () => `${JSON.stringify(data)}; received ${JSON.stringify(this.data)} and ${this.gaps} gaps`,
    )
  }
}

/** The numbers from `from` to `to`, both inclusive. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
