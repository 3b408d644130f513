import type { Readable } from 'node:stream'
import { PartsParser, type ReceivedEvent } from './received.js'

/** A response parser of the form that superagent and supertest accept. */
export type SuperagentParser = (
  // Unknown, because their types describe a different object from the one that is passed.
  response: unknown,
  done: (error: Error | null, events: ReceivedEvent[]) => void,
) => void

/**
 * When to stop: after this many events (0: once the response headers have arrived), or at the first event for which the
 * function returns true. The end of the stream stops it too.
 */
export type ParseUntil = number | ((event: ReceivedEvent, all: readonly ReceivedEvent[]) => boolean)

/**
 * Makes `response.body` the events of an event stream, and disconnects once it has seen enough:
 *
 * ```ts
 * const { body } = await request(app).get('/news').buffer(true).parse(sseParser(2))
 * expect(body).toMatchObject([{ data: 'first' }, { data: 'second' }])
 * ```
 *
 * Without an argument it waits for the stream to end. If the function throws, the request fails with its error.
 *
 * @throws {RangeError} the number is negative or not whole
 */
export function sseParser(until: ParseUntil = Number.POSITIVE_INFINITY): SuperagentParser {
  if (typeof until === 'number' && !(until === Number.POSITIVE_INFINITY || (Number.isInteger(until) && until >= 0))) {
    throw new RangeError(`until must be a whole number of events, or Infinity, not ${until}`)
  }
  const isEnough =
    typeof until === 'number' ? (_: ReceivedEvent, all: readonly unknown[]) => all.length >= until : until
  return (received, done) => {
    const response = received as Readable
    const parser = new PartsParser()
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const finish = (error: Error | null, count: number): void => {
      response.off('data', onData).off('end', onEnd)
      done(error, parser.events.slice(0, count))
    }
    const leave = (error: Error | null, count: number): void => {
      finish(error, count)
      response.destroy()
    }
    const onData = (chunk: Uint8Array | string): void => {
      const seen = parser.events.length
      parser.feed(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
      for (let count = seen + 1; count <= parser.events.length; count++) {
        const all = parser.events.slice(0, count)
        try {
          if (!isEnough(all[count - 1] as ReceivedEvent, all)) continue
        } catch (error) {
          // Passed to superagent: thrown from this listener, the error would be an uncaught exception.
          leave(error as Error, count)
          return
        }
        leave(null, count)
        return
      }
    }
    const onEnd = (): void => finish(null, parser.events.length)
    // Deferred, since superagent has no response yet during this call.
    if (until === 0) queueMicrotask(() => leave(null, 0))
    // superagent listens for errors itself.
    else response.on('data', onData).on('end', onEnd)
  }
}
