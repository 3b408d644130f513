import { requireAnswer } from './callbacks.js'
import type { SseEvent } from './event.js'
import type { SentEvent } from './typed-events.js'

/** Returns, synchronously, whether a subscriber wants an event. Called for replayed events as for live ones. */
// biome-ignore lint/suspicious/noExplicitAny: like plain `SseChannel`, a filter of any channel
export type EventFilter<Events extends object = any> = {
  // Declared as a method, whose parameters are not compared strictly: a filter for the events of one channel may be
  // given where the channel is not known, as to `res.sse()`.
  choose(event: SentEvent<Events>): boolean
}['choose']

/** Whether an event passes. @throws {TypeError} the filter is asynchronous; its promise would let everything pass */
export function passes(filter: EventFilter, event: SseEvent): boolean {
  return Boolean(requireAnswer(filter(event), 'a filter'))
}
