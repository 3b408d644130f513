import { inspect } from 'node:util'
import type { SseChannel } from './channel.js'
import type { SseConnection } from './connection.js'
import { requireOurs } from './package-copy.js'

/** What is read one value after another: plain objects are events, bytes are text, everything else is data. */
export type PullSource = AsyncIterable<unknown> | (Iterable<unknown> & object) | ReadableStream<unknown>

/**
 * Writes to a connection itself, or returns another source. The stream ends when its promise settles; one that returns
 * nothing at once, and has subscribed to channels, lasts as long as they do.
 */
// As a method, so that a function may say of which type the connection's context is.
export type SourceFunction = { write(connection: SseConnection): unknown }['write']

/** What `res.sse()` takes. `null` is nothing at all: `204`, which stops an EventSource. */
export type SseSource = SseChannel | PullSource | SourceFunction | null

/** Whether something can be read one value after another. */
export function isPullSource(source: unknown): source is PullSource {
  // Bytes are a value, though one can iterate over them.
  if (typeof source !== 'object' || source === null || ArrayBuffer.isView(source)) return false
  return Symbol.asyncIterator in source || Symbol.iterator in source || source instanceof ReadableStream
}

/** @throws {TypeError} it is none */
export function requireSource(source: unknown): asserts source is SseSource {
  if (source === null || typeof source === 'function') return
  if (isPullSource(source)) {
    requireOurs(source)
    return
  }
  throw new TypeError(
    `a source is a channel, an iterable, a stream, a function or null, not ${inspect(source, { depth: 0 })}`,
  )
}
