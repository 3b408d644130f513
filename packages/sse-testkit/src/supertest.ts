import type { IncomingMessage } from 'node:http'
import { errorOfCall } from './call-error.js'
import { answerOf, eventCount } from './messages.js'
import { PartsParser, type ReceivedEvent } from './received.js'
import { defaultTimeoutMs } from './time-limit.js'

/** A response parser of the form that superagent and supertest accept. */
export type SuperagentParser = (
  // Unknown, because their types describe a different object from the one that is passed.
  response: unknown,
  // biome-ignore lint/suspicious/noExplicitAny: as in superagent; events, unless the response is no event stream
  done: (error: Error | null, body: any) => void,
) => void

/**
 * When to stop: after this many events (0: once the response headers have arrived), or at the first event for which the
 * function returns true. The end of the stream stops it too.
 */
export type ParseUntil = number | ((event: ReceivedEvent, all: readonly ReceivedEvent[]) => boolean)

export interface ParseOptions {
  /**
   * How long it may take to have seen enough, in ms, from the response headers on. After that the request fails, and says
   * what arrived. @defaultValue 4_000, or the environment variable `SSE_TESTKIT_TIMEOUT_MS`
   */
  readonly timeoutMs?: number | undefined
}

/**
 * Makes `response.body` the events of an event stream, and disconnects once it has seen enough:
 *
 * ```ts
 * const { body } = await request(app).get('/news').buffer(true).parse(sseParser(2))
 * expect(body).toMatchObject([{ data: 'first' }, { data: 'second' }])
 * ```
 *
 * Without an argument it waits for the stream to end. If the function throws, the request fails with its error.
 * `response.text` is what was received. If the response has another content type, such as an error's, it is read to its
 * end, and the body is that of JSON, or `{}`.
 *
 * @throws {RangeError} the number is negative or not whole
 */
export function sseParser(
  until: ParseUntil = Number.POSITIVE_INFINITY,
  { timeoutMs = defaultTimeoutMs() }: ParseOptions = {},
): SuperagentParser {
  if (typeof until === 'number' && !(until === Number.POSITIVE_INFINITY || (Number.isInteger(until) && until >= 0))) {
    throw new RangeError(`until must be a whole number of events, or Infinity, not ${until}`)
  }
  const isEnough =
    typeof until === 'number' ? (_: ReceivedEvent, all: readonly unknown[]) => all.length >= until : until
  const late = errorOfCall(sseParser)
  return (received, done) => {
    const response = received as IncomingMessage & { text: string }
    const type = response.headers['content-type']
    const isStream = type === undefined || type.startsWith('text/event-stream')
    const parser = new PartsParser()
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    response.text = ''
    const finish = (error: Error | null, count: number): void => {
      clearTimeout(timer)
      response.off('data', onData).off('end', onEnd)
      done(error, isStream ? parser.events.slice(0, count) : jsonOf(type, response.text))
    }
    const leave = (error: Error | null, count: number): void => {
      finish(error, count)
      response.destroy()
    }
    const onData = (chunk: Uint8Array | string): void => {
      const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
      response.text += text
      if (!isStream) return
      const seen = parser.events.length
      parser.feed(text)
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
    const timer = setTimeout(() => {
      const answer = answerOf(response.statusCode ?? 0, type, response.text)
      late.message = `waited for ${progress(until, parser.events.length)}, then ${timeoutMs} ms passed; ${answer}`
      leave(late, 0)
    }, timeoutMs)
    // superagent listens for errors itself.
    response.once('close', () => clearTimeout(timer))
    // Deferred, since superagent has no response yet during this call.
    if (until === 0 && isStream) queueMicrotask(() => leave(null, 0))
    else response.on('data', onData).on('end', onEnd)
  }
}

function progress(until: ParseUntil, count: number): string {
  if (until === Number.POSITIVE_INFINITY) return `the end, got ${eventCount(count)}`
  return typeof until === 'number' ? `${eventCount(until)}, got ${count}` : `a certain event, got ${eventCount(count)}`
}

/** The body as superagent makes it: undefined, which it replaces by `{}`, if there is no JSON. */
function jsonOf(type: string, text: string): unknown {
  try {
    return /[/+]json\b/.test(type) ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}
