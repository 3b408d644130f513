import { toJson } from './event-fields.js'
import { textOf, withLineEnding } from './event-text.js'
import { shown } from './shown.js'

/**
 * One server-sent event. Every field is optional, but an event has at least one.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export interface SseEvent<T = unknown> {
  /** The event type that `addEventListener` listens for; without one, the event is a `message`. No CR, LF or NUL. */
  readonly event?: string | undefined
  /** The payload. A string is sent as is, everything else as JSON; `''` is an empty payload, `undefined` is none. */
  readonly data?: T | undefined
  /** What the client sends back as `Last-Event-ID`; `''` makes it forget its last one. No CR, LF or NUL. */
  readonly id?: string | undefined
  /** How long the client waits before it reconnects, in ms: a non-negative safe integer. */
  readonly retry?: number | undefined
  /** Text that clients ignore; it may have several lines. */
  readonly comment?: string | undefined
}

/** The line endings that the standard allows. */
export type LineEnding = '\n' | '\r\n' | '\r'

/** Makes events: `SseEvent.data('text')`, `SseEvent.withEvent('order', order)`, `SseEvent.json(value, { id })`. */
export const SseEvent: {
  /** An unnamed event, which browsers dispatch as `message`. */
  data<T>(data: T): SseEvent<T> & { readonly event?: undefined; readonly data: T }
  /** An event of the given type. */
  withEvent<K extends string, T>(event: K, data: T): SseEvent<T> & { readonly event: K; readonly data: T }
  /**
   * An event whose data is `value` as JSON, even if it is a string: `SseEvent.json('a')` carries `"a"` with its quotes.
   *
   * @throws {SseError} `ERR_SSE_INVALID_EVENT`: the value cannot be written as JSON
   */
  json(value: unknown, fields?: Omit<SseEvent, 'data'>): SseEvent<string>
} = {
  data: (data) => ({ data }),
  withEvent: (event, data) => ({ event, data }),
  json: (value, fields) => ({ ...fields, data: toJson(value) }),
}

/**
 * Returns the text of an event as it is sent, with the blank line that dispatches it.
 *
 * @param eol the line ending; data and comments are always split at CRLF, LF and CR. Default `'\n'`.
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`, naming the field that cannot be written
 * @throws {RangeError} `eol` is not a line ending
 */
export function formatEvent(event: SseEvent | string, eol: LineEnding = '\n'): string {
  requireLineEnding(eol)
  return withLineEnding(textOf(event), eol)
}

/** @throws {RangeError} the value is not a line ending */
export function requireLineEnding(eol: LineEnding): void {
  if (eol !== '\n' && eol !== '\r\n' && eol !== '\r') {
    throw new RangeError(`eol must be '\\n', '\\r\\n' or '\\r', not ${shown(eol)}`)
  }
}
