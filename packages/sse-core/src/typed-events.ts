import type { SseEvent } from './event.js'

/** The events that a channel with these types takes: `{ order: Order }` ties `event: 'order'` to data of type `Order`. */
export type ChannelEvent<Events extends object> = string extends keyof Events
  ? SseEvent | string
  : NamedEvent<Events> | UnnamedEvent<Events> | BareEvent

type NamedEvent<Events extends object> = {
  [K in keyof Events & string]: SseEvent<Events[K]> & { readonly event: K; readonly data: Events[K] }
}[keyof Events & string]

/** An event without a type is a `message`. */
type UnnamedEvent<Events extends object> = 'message' extends keyof Events
  ?
      | (SseEvent<Events['message']> & { readonly event?: undefined; readonly data: Events['message'] })
      | TextOf<Events['message']>
  : never

type TextOf<T> = string extends T ? string : never

/** What clients do not dispatch. */
type BareEvent = Omit<SseEvent, 'event' | 'data'> & { readonly event?: undefined; readonly data?: undefined }
