import type { Backplane, LogEntry, Unsubscribe } from '@ssekit/sse-core'
import { until } from './until.js'

/** What one subscription was told. */
export class Heard {
  readonly entries: LogEntry[] = []
  gaps = 0
  unsubscribe: Unsubscribe = () => {}

  /** Subscribes to all that there is, and resolves once live. */
  static async of(backplane: Backplane, channel: string, last: number = Number.MAX_SAFE_INTEGER): Promise<Heard> {
    const heard = new Heard()
    heard.unsubscribe = await backplane.subscribe(
      channel,
      { last },
      {
        entry: (entry) => heard.entries.push(entry),
        gap: () => {
          heard.gaps += 1
        },
      },
    )
    return heard
  }

  get ids(): string[] {
    return this.entries.map(({ id }) => id)
  }

  /** The events' data; `'end'` for the end. */
  get data(): unknown[] {
    return this.entries.map((entry) => ('event' in entry ? entry.event.data : 'end'))
  }

  /** Waits for an event with this data. */
  for(data: unknown): Promise<void> {
    return until(
      () => this.data.includes(data),
      () => `${JSON.stringify(data)}; heard ${JSON.stringify(this.data)} and ${this.gaps} gaps`,
    )
  }
}

/** The numbers from `from` to `to`, both included. */
export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
