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

/**
 * An event that was broadcast to a channel with these types, as a filter of `listen()` gets it. Its data is what JSON
 * gives back: where a `Date` was broadcast, it is a string. So declare what is sent.
 */
export type SentEvent<
  Events extends object,
  Name extends keyof Events & string = keyof Events & string,
> = string extends keyof Events
  ? SseEvent
  : // Looked up by name, so that a function that is generic in the name can broadcast: it cannot choose from a union.
      | { [K in Name]: TypedEvent<K, Events[K]> }[Name]
      | ('message' extends keyof Events ? UnnamedEvent<Events['message']> : never)
      | BareEvent

/**
 * What a loop over a channel with these types yields: its events, heartbeats (which are comments), and an `sse-gap`
 * where events are missing. The types are trusted: what another process or `pipeFrom()` has sent is not checked, and
 * data is what JSON gives back.
 */
export type HeardEvent<Events extends object> = string extends keyof Events ? SseEvent : SentEvent<Events> | GapEvent

// Editors show the names of these four types.

/** An event of one type. */
type TypedEvent<Type, Data> = SseEvent<Data> & { readonly event: Type } & DataOf<Data>

/** An event without a type, which is a `message`. */
type UnnamedEvent<Data> = SseEvent<Data> & { readonly event?: undefined } & DataOf<Data>

/** Says that events are missing. */
type GapEvent = SseEvent<Gap> & { readonly event: 'sse-gap'; readonly data: Gap }

/** An event that clients do not dispatch. */
type BareEvent = Omit<SseEvent, 'event' | 'data'> & { readonly event?: undefined; readonly data?: undefined }

/** Data may be missing only if its type allows that. */
type DataOf<T> = unknown extends T
  ? { readonly data: T }
  : undefined extends T
    ? { readonly data?: T | undefined }
    : { readonly data: T }

type TextOf<T> = string extends T ? string : never
