import type { Gap } from './cursor.js'
import type { SseEvent } from './event.js'

/**
 * The events that a channel with these types accepts: `{ order: Order }` ties `event: 'order'` to data of type `Order`.
 * An event of type `void` has no data: `listen()` yields it, but an EventSource ignores it. For EventSource clients,
 * use `data: ''` instead.
 *
 * @typeParam Name which of the named ones
 */
export type ChannelEvent<
  Events extends object,
  Name extends keyof Events & string = keyof Events & string,
> = string extends keyof Events
  ? SseEvent | string
  : SentEvent<Events, Name> | TextOf<'message' extends keyof Events ? Events['message'] : never>

/** An event that was broadcast to a channel with these types, as a filter of `listen()` gets it. */
export type SentEvent<
  Events extends object,
  Name extends keyof Events & string = keyof Events & string,
> = string extends keyof Events ? SseEvent : NamedEvent<Events, Name> | UnnamedEvent<Events> | BareEvent

/**
 * What a loop over a channel with these types yields: its events, heartbeats (which are comments), and an `sse-gap`
 * where events are missing. The types are trusted: what another process or `pipeFrom()` has sent is not checked.
 */
export type HeardEvent<Events extends object> = string extends keyof Events
  ? SseEvent
  : SentEvent<Events> | (SseEvent<Gap> & { readonly event: 'sse-gap'; readonly data: Gap })

// Looked up by name, so that a function that is generic in the name can broadcast: it cannot choose from a union.
type NamedEvent<Events extends object, Name extends keyof Events & string> = {
  [K in Name]: SseEvent<Events[K]> & { readonly event: K } & DataOf<Events[K]>
}[Name]

/** An event without a type is a `message`. */
type UnnamedEvent<Events extends object> = 'message' extends keyof Events
  ? SseEvent<Events['message']> & { readonly event?: undefined } & DataOf<Events['message']>
  : never

/** Data may be missing only if its type allows that. */
type DataOf<T> = unknown extends T
  ? { readonly data: T }
  : undefined extends T
    ? { readonly data?: T | undefined }
    : { readonly data: T }

type TextOf<T> = string extends T ? string : never

/** An event that clients do not dispatch. */
type BareEvent = Omit<SseEvent, 'event' | 'data'> & { readonly event?: undefined; readonly data?: undefined }
