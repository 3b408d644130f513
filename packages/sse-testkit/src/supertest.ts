import type { Readable } from 'node:stream'
import { PartsParser, type ReceivedEvent } from './received.js'

/** A parser in the form that superagent and supertest take. */
export type SuperagentParser = (
  // Unknown, since their types describe another object than the one that comes.
  response: unknown,
  done: (error: Error | null, events: ReceivedEvent[]) => void,
) => void

/**
 * When to stop: after so many events, with 0 once the head is there, or at the first for which it is true. The stream's own end
 * stops it too.
 */
export type ParseUntil = number | ((event: ReceivedEvent, all: readonly ReceivedEvent[]) => boolean)

/**
 * Makes `response.body` the events of an event stream, and leaves it when it has seen enough:
 *
 * ```ts
 * const { body } = await request(app).get('/news').buffer(true).parse(sseParser(2))
 * expect(body).toMatchObject([{ data: 'first' }, { data: 'second' }])
 * ```
 *
 * Without an argument it waits for the stream to end. What a condition throws fails the request.
 *
 * @throws {RangeError} a number that is no count of events
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
          // Thrown from here it would be an uncaught exception: superagent listens to no more than what it is told.
          leave(error as Error, count)
          return
        }
        leave(null, count)
        return
      }
    }
    const onEnd = (): void => finish(null, parser.events.length)
    // Not within this call, for which superagent has no response yet.
    if (until === 0) queueMicrotask(() => leave(null, 0))
    // Of errors superagent hears itself.
    else response.on('data', onData).on('end', onEnd)
  }
}
