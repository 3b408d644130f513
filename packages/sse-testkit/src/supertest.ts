import type { Readable } from 'node:stream'
import { PartsParser, type ReceivedEvent } from './received.js'

/** A parser in the form that superagent and supertest take. */
export type SuperagentParser = (
  // Unknown, since their types describe another object than the one that comes.
  response: unknown,
  done: (error: Error | null, events: ReceivedEvent[]) => void,
) => void

/** When to stop: after so many events, or at the first for which it is true. The stream's own end stops it too. */
export type ParseUntil = number | ((event: ReceivedEvent, all: readonly ReceivedEvent[]) => boolean)

/**
 * Makes `response.body` the events of an event stream, and leaves it when it has seen enough:
 *
 * ```ts
 * const { body } = await request(app).get('/news').buffer(true).parse(sseParser(2))
 * expect(body).toMatchObject([{ data: 'first' }, { data: 'second' }])
 * ```
 *
 * Without an argument it waits for the stream to end.
 */
export function sseParser(until: ParseUntil = Number.POSITIVE_INFINITY): SuperagentParser {
  const isEnough =
    typeof until === 'number' ? (_: ReceivedEvent, all: readonly unknown[]) => all.length >= until : until
  return (received, done) => {
    const response = received as Readable
    const parser = new PartsParser()
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    const finish = (count: number): void => {
      response.off('data', onData).off('end', onEnd)
      done(null, parser.events.slice(0, count))
    }
    const onData = (chunk: Uint8Array | string): void => {
      const seen = parser.events.length
      parser.feed(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
      for (let count = seen + 1; count <= parser.events.length; count++) {
        const all = parser.events.slice(0, count)
        if (!isEnough(all[count - 1] as ReceivedEvent, all)) continue
        finish(count)
        response.destroy()
        return
      }
    }
    const onEnd = (): void => finish(parser.events.length)
    // Of errors superagent hears itself.
    response.on('data', onData).on('end', onEnd)
  }
}
