import type { SseEvent } from '@ssekit/sse-core'
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'

/** What a client receives from a stream. */
export interface ParsedStream {
  readonly events: { event: string | undefined; data: string; id: string | undefined }[]
  readonly retries: number[]
  readonly comments: string[]
}

/** A standard parser (npm `eventsource-parser`) that takes bytes. */
export class StreamParser {
  parsed: ParsedStream = { events: [], retries: [], comments: [] }
  readonly #decoder = new TextDecoder()
  readonly #parser = createParser({
    onEvent: ({ event, data, id }) => this.parsed.events.push({ event, data, id }),
    onRetry: (retry) => this.parsed.retries.push(retry),
    onComment: (comment) => this.parsed.comments.push(comment),
    onError: (error) => {
      throw error
    },
  })

  feed(bytes: Uint8Array): void {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
  }
}

/** What a client receives of these events according to the standard. */
export function expectedParse(events: readonly SseEvent[]): ParsedStream {
  return {
    events: events.flatMap(({ event, data, id }) =>
      typeof data === 'string'
        ? [{ event: wellFormed(event) || undefined, data: linesOf(data).join('\n'), id: wellFormed(id) }]
        : [],
    ),
    retries: events.flatMap(({ retry }) => retry ?? []),
    comments: events.flatMap(({ comment }) => (comment === undefined ? [] : linesOf(comment))),
  }
}

/** The text after a UTF-8 round trip, which replaces each lone surrogate by U+FFFD. */
export function wellFormed<T extends string | undefined>(text: T): T {
  return (text === undefined ? undefined : Buffer.from(text).toString()) as T
}

function linesOf(text: string): string[] {
  return wellFormed(text).split(/\r\n|\r|\n/)
}

/** Any JavaScript string. */
const anyText: fc.Arbitrary<string> = fc.oneof(
  // Every code point except lone surrogates; then every code unit, lone surrogates included.
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
  // Many of the characters that could cause errors.
  fc.string({
    unit: fc.constantFrom(
      ...['\r', '\n', '\r\n', ':', ' ', 'data', 'id: ', '\0', '\v', '\f', '\x85', '\ufeff', '\u2028', '\u2029'],
      ...['é', '€', '🚀', '\ud83d', '\ude80'],
    ),
  }),
)

export const anyLine: fc.Arbitrary<string> = anyText.map((value) => value.replace(/[\r\n\0]/g, ''))

/** Any event with an id from the given arbitrary. */
export function anyEvent(id: fc.Arbitrary<string>): fc.Arbitrary<SseEvent> {
  return fc
    .record({
      event: optional(anyLine),
      data: optional(anyText),
      id: optional(id),
      retry: optional(fc.nat()),
      comment: optional(anyText),
    })
    .filter((event) => Object.values(event).some((value) => value !== undefined))
}

function optional<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined })
}
