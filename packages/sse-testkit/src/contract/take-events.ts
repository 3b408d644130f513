import type { EventReader } from '../reader.js'
import { isCheckpoint, type ReceivedEvent } from '../received.js'

/** Takes the next events that are not checkpoints. */
export function takeNews(reader: EventReader, count: number): Promise<ReceivedEvent[]> {
  return reader.take(count, (event) => !isCheckpoint(event))
}

/** Takes the data of the next events that are not checkpoints. */
export async function takeData(reader: EventReader, count: number): Promise<string[]> {
  return (await takeNews(reader, count)).map(({ data }) => data)
}

/** The data of all events received from a stream that is over, or that will send no more; checkpoints excluded. */
export function dataOf({ events }: { readonly events: readonly ReceivedEvent[] }): string[] {
  return events.filter((event) => !isCheckpoint(event)).map(({ data }) => data)
}

/** The numbers from `from` to `to`, as the data of events. */
export function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
}
