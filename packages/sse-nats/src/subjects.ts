import { createHash } from 'node:crypto'

/** A longer token might exceed the server's limit of 4 KiB for a protocol line. */
const MAX_TOKEN_LENGTH = 256

/** The prefix of all bell subjects, and of no stored ones. */
const LIVE = '_live.'

const PLAIN = /^[A-Za-z0-9_-]+$/

/** The subjects of a stream and its channels. */
export class Subjects {
  readonly #prefix: string
  readonly #livePrefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
    // Outside every stream's subjects, since a prefix cannot begin so. Otherwise one application's bells could be
    // another's events.
    this.#livePrefix = `${LIVE}${prefix}`
  }

  /** The subjects that the stream stores. */
  get stored(): string[] {
    return [`${this.#prefix}.*.e`, `${this.#prefix}.*.x`]
  }

  /** What the server republishes, and where to: the bell. */
  get republish(): { readonly src: string; readonly dest: string } {
    return { src: `${this.#prefix}.>`, dest: `${this.#livePrefix}.>` }
  }

  /** The subject of a channel's events. */
  events(channel: string): string {
    return `${this.#prefix}.${tokenOf(channel)}.e`
  }

  /**
   * The subject of a channel's end. It is not that of the events, because a server can keep a subject to one message,
   * and look that up without reading the events.
   */
  end(channel: string): string {
    return `${this.#prefix}.${tokenOf(channel)}.x`
  }

  /** The subjects of a channel's bell, for events and for the end. */
  live(channel: string): string {
    return `${this.#livePrefix}.${tokenOf(channel)}.*`
  }
}

/** Whether a subject, stored or republished, is that of a channel's events. */
export function isEvent(subject: string): boolean {
  return subject.endsWith('.e')
}

/**
 * Any name as one token of a subject. A plain name stays readable; otherwise every other byte of its UTF-8 becomes
 * `=XX`. No two names share a token.
 */
function tokenOf(channel: string): string {
  const token = PLAIN.test(channel) ? channel : escaped(channel)
  if (token.length <= MAX_TOKEN_LENGTH) return token
  // In an escape, `=` is followed by a hexadecimal digit.
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
  // Half of a surrogate pair has no UTF-8 form. All of them would become the same replacement character.
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
}
