import type { SseChannel } from './channel.js'
import type { SseConnection } from './connection.js'
import { requireOurs } from './package-copy.js'
import { shown } from './shown.js'

/** A source that is read one value after another: plain objects are events, bytes are text, everything else is data. */
export type PullSource = AsyncIterable<unknown> | (Iterable<unknown> & object) | ReadableStream<unknown>

/**
 * A function that writes to a connection itself, or returns another source. The stream ends when the returned promise
 * settles. If the function returns nothing at once and has subscribed to channels, the stream lasts as long as they do.
 */
// As a method, so that a function may declare the type of the connection's context.
export type SourceFunction = { write(connection: SseConnection): unknown }['write']

/** What `res.sse()` accepts. `null` is an empty source: the response is a `204`, which stops an EventSource. */
export type SseSource = SseChannel | PullSource | SourceFunction | null

/** Whether something can be read one value after another. */
export function isPullSource(source: unknown): source is PullSource {
  // Bytes are one value, although they are iterable.
  if (typeof source !== 'object' || source === null || ArrayBuffer.isView(source)) return false
  return Symbol.asyncIterator in source || Symbol.iterator in source || source instanceof ReadableStream
}

/** @throws {TypeError} it is not a source */
export function requireSource(source: unknown): asserts source is SseSource {
  if (source === null || typeof source === 'function') return
  if (isPullSource(source)) {
    requireOurs(source)
    return
  }
  throw new TypeError(`a source is a channel, an iterable, a stream, a function or null, not ${shown(source)}`)
}
