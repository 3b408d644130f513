import { createParser, type ParserCallbacks } from 'eventsource-parser'

/** An event as a client dispatches it. */
export interface ReceivedEvent {
  /** The event type; `'message'` for an unnamed event. */
  readonly event: string
  readonly data: string
  /** The value of its own `id:` line; undefined if it has none, which leaves the client's last event id unchanged. */
  readonly id: string | undefined
}

/** Everything that a stream contains. */
export interface StreamParts {
  readonly events: ReceivedEvent[]
  readonly comments: string[]
  /** The `retry:` values, in ms. */
  readonly retries: number[]
  /** What a client ignores by the standard: unknown fields, a `retry:` that is not a number. */
  readonly mistakes: Error[]
}

/** Parses the text that it is fed, by the rules of npm `eventsource-parser`. */
export class PartsParser implements StreamParts {
  readonly events: ReceivedEvent[] = []
  readonly comments: string[] = []
  readonly retries: number[] = []
  readonly mistakes: Error[] = []
  readonly #parser: ReturnType<typeof createParser>

  constructor() {
    const callbacks: ParserCallbacks = {
      onEvent: ({ event = 'message', data, id }) => this.events.push({ event, data, id }),
      onComment: (comment) => this.comments.push(comment),
      onRetry: (retry) => this.retries.push(retry),
      onError: (error) => this.mistakes.push(error),
    }
    this.#parser = createParser(callbacks)
  }

  feed(text: string): void {
    this.#parser.feed(text)
  }
}

/**
 * Parses a whole stream, for responses that arrive in one piece:
 *
 * ```ts
 * const response = await fastify.inject('/finite')
 * expect(parseEvents(response.body)).toEqual([{ event: 'message', data: 'hello', id: undefined }])
 * ```
 *
 * An event that the end of the stream cuts off is discarded, as in a browser.
 */
export function parseEvents(text: string): ReceivedEvent[] {
  const parser = new PartsParser()
  parser.feed(text)
  return parser.events
}
