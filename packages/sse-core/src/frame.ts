import type { LogEntry } from './backplane.js'
import type { LineEnding } from './event.js'
import { bodyOf, idLine, withLineEnding } from './event-text.js'
import { Packet } from './packet.js'

/** An encoded event of a log. It is encoded when it arrives, and once more for each other line ending in use. */
export class Frame {
  readonly #idBytes: number
  readonly #packet: Packet
  // Most streams end their lines with LF.
  #others: Partial<Record<LineEnding, Packet>> | undefined
  /** The encoded size in bytes, which the log's limits count. */
  readonly size: number

  constructor(id: string, body: string) {
    const line = idLine(id)
    const packet = Packet.of(line + body, 1)
    // Ids of a log are ASCII.
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

  /** The event's text without its id, for connections whose ids are positions in several logs. */
  get body(): string {
    return this.#text(this.#idBytes)
  }

  #text(from: number): string {
    // Keeping the string as well would double what the history weighs.
    return this.#packet.plain.toString('utf8', from)
  }
}

// Managers that share a memory backplane receive the same entry objects, and then share the bytes too.
const frames = new WeakMap<LogEntry, Frame>()

/** The frame of an entry that holds an event. @throws {SseError} `ERR_SSE_INVALID_EVENT`: it cannot be written */
export function frameOf(entry: LogEntry & { readonly event: object }): Frame {
  const made = frames.get(entry)
  if (made !== undefined) return made
  const frame = new Frame(entry.id, bodyOf(entry.event))
  shareFrame(entry, frame)
  return frame
}

/** Notes the frame of an entry for the next who wants it. */
export function shareFrame(entry: LogEntry, frame: Frame): void {
  frames.set(entry, frame)
}
