import { types } from 'node:util'
import type { SseEvent } from './event.js'
import type { SentEvent } from './typed-events.js'

/** Whether a subscriber wants an event, said at once; called for replayed events as for live ones. */
// biome-ignore lint/suspicious/noExplicitAny: as of `SseChannel` alone, a filter of any channel
export type EventFilter<Events extends object = any> = (event: SentEvent<Events>) => boolean

/** Whether an event passes. @throws {TypeError} the filter is asynchronous, and so says yes to everything */
export function passes(filter: EventFilter, event: SseEvent): boolean {
  const answer: unknown = filter(event)
  if (!types.isPromise(answer)) return Boolean(answer)
  // What it comes to does not matter any more.
  answer.catch(() => {})
  throw new TypeError('a filter must return true or false at once, not a promise')
}
