import type { EventReader } from '../reader.js'
import type { ReceivedEvent } from '../received.js'

/** The next events that are no checkpoints. */
export function takeNews(reader: EventReader, count: number): Promise<ReceivedEvent[]> {
  return reader.take(count, ({ event }) => event !== 'sse-checkpoint')
}

/** The data of the next events that are no checkpoints. */
export async function takeData(reader: EventReader, count: number): Promise<string[]> {
  return (await takeNews(reader, count)).map(({ data }) => data)
}

/** The data of everything that came of a stream that is over, or that has nothing more to say. */
export function dataOf({ events }: { readonly events: readonly ReceivedEvent[] }): string[] {
  return events.filter(({ event }) => event !== 'sse-checkpoint').map(({ data }) => data)
}

/** `from` to `to` as the data of events. */
export function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
}
