import type { LogEntry } from './backplane.js'
import type { LineEnding } from './event.js'
import { bodyOf, idLine, withLineEnding } from './event-text.js'
import { Packet } from './packet.js'

/** An encoded event of a log. It is encoded on arrival with LF, and once more for each other line ending in use. */
export class Frame {
  readonly #idBytes: number
  readonly #packet: Packet
  // Made only when needed, since most streams use LF.
  #others: Partial<Record<LineEnding, Packet>> | undefined
  /** The encoded size in bytes, which the log's limits count. */
  readonly size: number

  constructor(id: string, body: string) {
    const line = idLine(id)
    const packet = Packet.of(line + body, 1)
    // A log's ids are ASCII, so each character is one byte.
    this.#idBytes = line.length
    this.#packet = packet
    this.size = packet.size
  }

  packet(eol: LineEnding): Packet {
    if (eol === '\n') return this.#packet
    this.#others ??= {}
    this.#others[eol] ??= Packet.of(withLineEnding(this.#text(0), eol), 1)
    return this.#others[eol]
  }

  /** The event's text without its id, for connections whose ids name positions in several logs. */
  get body(): string {
    return this.#text(this.#idBytes)
  }

  #text(from: number): string {
    // Keeping the string as well would double the memory of the history.
    return this.#packet.plain.toString('utf8', from)
  }
}

// Managers that share a memory backplane receive the same entry objects, and then share the bytes too.
const frames = new WeakMap<LogEntry, Frame>()

/** Returns the frame of an event's entry. @throws {SseError} `ERR_SSE_INVALID_EVENT`: it cannot be written */
export function frameOf(entry: LogEntry & { readonly event: object }): Frame {
  const made = frames.get(entry)
  if (made !== undefined) return made
  const frame = new Frame(entry.id, bodyOf(entry.event))
  shareFrame(entry, frame)
  return frame
}

/** Keeps the frame of an entry for later calls of `frameOf()`. */
export function shareFrame(entry: LogEntry, frame: Frame): void {
  frames.set(entry, frame)
}
