import type { SseEvent } from '@ssekit/sse-core'
import { createParser } from 'eventsource-parser'
import fc from 'fast-check'

/** What a client hears of a stream. */
export interface Heard {
  readonly events: { event: string | undefined; data: string; id: string | undefined }[]
  readonly retries: number[]
  readonly comments: string[]
}

/** A client of the standard: npm `eventsource-parser`, fed with bytes. */
export class Hearing {
  heard: Heard = { events: [], retries: [], comments: [] }
  readonly #decoder = new TextDecoder()
  readonly #parser = createParser({
    onEvent: ({ event, data, id }) => this.heard.events.push({ event, data, id }),
    onRetry: (retry) => this.heard.retries.push(retry),
    onComment: (comment) => this.heard.comments.push(comment),
    onError: (error) => {
      throw error
    },
  })

  feed(bytes: Uint8Array): void {
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
  }
}

/** What the standard says a client hears of these events. */
export function heardOf(events: readonly SseEvent[]): Heard {
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

/** Text as UTF-8 carries it: half of a surrogate pair is no character, and U+FFFD stands for it. */
export function wellFormed<T extends string | undefined>(text: T): T {
  return (text === undefined ? undefined : Buffer.from(text).toString()) as T
}

function linesOf(text: string): string[] {
  return wellFormed(text).split(/\r\n|\r|\n/)
}

/** Whatever a JavaScript string can hold. */
const anyText: fc.Arbitrary<string> = fc.oneof(
  // Every code point but halves of surrogate pairs, and then every code unit, those among them.
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
  // Dense in what could go wrong.
  fc.string({
    unit: fc.constantFrom(
      ...['\r', '\n', '\r\n', ':', ' ', 'data', 'id: ', '\0', '\v', '\f', '\x85', '\ufeff', '\u2028', '\u2029'],
      ...['é', '€', '🚀', '\ud83d', '\ude80'],
    ),
  }),
)

export const anyLine: fc.Arbitrary<string> = anyText.map((value) => value.replace(/[\r\n\0]/g, ''))

/** Any event whose id is one of these. */
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
