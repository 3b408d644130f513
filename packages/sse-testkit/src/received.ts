import { createParser, type ParserCallbacks } from 'eventsource-parser'

/** An event as a client dispatches it. */
export interface ReceivedEvent {
  /** The event type; `'message'` for an unnamed event. */
  readonly event: string
  readonly data: string
  /** What its own `id:` line says; undefined if it has none, so that the client's last event id stays as it is. */
  readonly id: string | undefined
}

/** Everything that a stream says. */
export interface StreamParts {
  readonly events: ReceivedEvent[]
  readonly comments: string[]
  /** The `retry:` values, in ms. */
  readonly retries: number[]
  /** What a client would rather ignore: unknown fields, a `retry:` that is no number. */
  readonly mistakes: Error[]
}

/** Collects what is fed to it, by the rules of npm `eventsource-parser`. */
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
 * The events of a whole stream, for responses that come in one piece:
 *
 * ```ts
 * const response = await fastify.inject('/finite')
 * expect(parseEvents(response.body)).toEqual([{ event: 'message', data: 'hello', id: undefined }])
 * ```
 *
 * An event that the stream breaks off in the middle of is none, as in a browser.
 */
export function parseEvents(text: string): ReceivedEvent[] {
  const parser = new PartsParser()
  parser.feed(text)
  return parser.events
}
