import { requireAnswer } from './callbacks.js'
import type { SseEvent } from './event.js'
import type { SentEvent } from './typed-events.js'

/** Whether a subscriber wants an event, said at once; called for replayed events as for live ones. */
// biome-ignore lint/suspicious/noExplicitAny: as of `SseChannel` alone, a filter of any channel
export type EventFilter<Events extends object = any> = (event: SentEvent<Events>) => boolean

/** Whether an event passes. @throws {TypeError} the filter is asynchronous, and so says yes to everything */
export function passes(filter: EventFilter, event: SseEvent): boolean {
  return Boolean(requireAnswer(filter(event), 'a filter'))
}
