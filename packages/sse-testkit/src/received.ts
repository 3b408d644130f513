import { createParser, type ParserCallbacks } from 'eventsource-parser'

/** An event as a client dispatches it. */
export interface ReceivedEvent {
  /** The event type; `'message'` for an unnamed event. */
  readonly event: string
  readonly data: string
  /** The value of its own `id:` line; undefined if it has none, which leaves the client's last event id unchanged. */
  readonly id: string | undefined
}

/** Whether a channel sent this event of its own accord, to tell the client its position: `sse-checkpoint`. */
export function isCheckpoint({ event }: Pick<ReceivedEvent, 'event'>): boolean {
  return event === 'sse-checkpoint'
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

/**
 * The last event id after this text, by the HTML standard: that of the last complete block that has an `id`. Read from the
 * text, because a block without data is no event, and the parser does not report it.
 */
export function lastEventIdOf(text: string): string {
  // What follows the last line end is no line yet.
  const lines = text.split(/\r\n|\n|\r/).slice(0, -1)
  const dispatched = lines.slice(0, lines.lastIndexOf('') + 1)
  const ids = dispatched.filter((line) => /^id(?::|$)/.test(line) && !line.includes('\0'))
  return ids.at(-1)?.replace(/^id:? ?/, '') ?? ''
}
