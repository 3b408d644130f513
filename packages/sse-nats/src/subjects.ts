import { createHash } from 'node:crypto'

/** A longer token might not fit into the line that carries it: servers allow 4 KiB for a whole command. */
const MAX_TOKEN_LENGTH = 256

/** What the subjects of all bells begin with, and no stream's own. */
const LIVE = '_live.'

const PLAIN = /^[A-Za-z0-9_-]+$/

/** The subjects that a stream and its channels live on. */
export class Subjects {
  readonly #prefix: string
  readonly #livePrefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
    // Apart from what any stream stores, since a prefix cannot begin so: else one application's bells might be another's events.
    this.#livePrefix = `${LIVE}${prefix}`
  }

  /** What the stream stores. */
  get stored(): string[] {
    return [`${this.#prefix}.*.e`, `${this.#prefix}.*.x`]
  }

  /** What the server republishes, and as what: the bell. */
  get republish(): { readonly src: string; readonly dest: string } {
    return { src: `${this.#prefix}.>`, dest: `${this.#livePrefix}.>` }
  }

  /** Where a channel's events are stored. */
  events(channel: string): string {
    return `${this.#prefix}.${tokenOf(channel)}.e`
  }

  /**
   * Where a channel's end is stored: apart from the events, since a server can promise that a subject has no more than one
   * message, and tell of it without reading the events.
   */
  end(channel: string): string {
    return `${this.#prefix}.${tokenOf(channel)}.x`
  }

  /** Where a channel's bell rings, for events and for the end. */
  live(channel: string): string {
    return `${this.#livePrefix}.${tokenOf(channel)}.*`
  }
}

/**
 * Any name as one token of a subject: readable if it is plain, else with `=XX` for every other byte of its UTF-8. No two
 * names share a token.
 */
function tokenOf(channel: string): string {
  const token = PLAIN.test(channel) ? channel : escaped(channel)
  if (token.length <= MAX_TOKEN_LENGTH) return token
  // After a `=` an escape has a digit.
  return `==${createHash('sha256').update(token).digest('base64url')}`
}

function escaped(channel: string): string {
  if (channel === '') return '='
  let token = ''
  for (const char of channel) {
    if (PLAIN.test(char)) token += char
    else for (const byte of bytesOf(char)) token += `=${byte.toString(16).padStart(2, '0').toUpperCase()}`
  }
  return token
}

function bytesOf(char: string): Iterable<number> {
  const code = char.codePointAt(0) as number
  if (code < 0xd800 || code > 0xdfff) return Buffer.from(char)
  // Half of a surrogate pair, which UTF-8 has no bytes for; all of them would become the same replacement character.
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
}
