import { formatCheckpoint } from './control-events.js'
import { SseError } from './errors.js'
import type { LineEnding, SseEvent } from './event.js'
import { bodyOf, idLine, withLineEnding } from './event-text.js'
import { Packet } from './packet.js'

/** Makes the bytes that do not come from a log. */
export class Encoder {
  readonly eol: LineEnding
  readonly #maxEventBytes: number
  // Clients that come at the same time mostly stand at the same place.
  #checkpoint: { readonly id: string; readonly packet: Packet } | undefined

  constructor(eol: LineEnding, maxEventBytes: number) {
    this.eol = eol
    this.#maxEventBytes = maxEventBytes
  }

  /** @throws {SseError} `ERR_SSE_INVALID_EVENT`, `ERR_SSE_LIMIT` */
  event(input: SseEvent | string): Packet {
    const event = typeof input === 'string' ? { data: input } : input
    const body = bodyOf(event)
    const packet = this.packet(idLine(event.id) + body, 1)
    requireEventBytes(packet.size, this.#maxEventBytes)
    return packet
  }

  /** Text with LF, which holds so many events. */
  packet(text: string, events: number): Packet {
    return Packet.of(withLineEnding(text, this.eol), events)
  }

  /** Moves the client's last event id without news. */
  checkpoint(id: string): Packet {
    if (this.#checkpoint?.id !== id) this.#checkpoint = { id, packet: this.packet(formatCheckpoint(id), 1) }
    return this.#checkpoint.packet
  }

  /** What keeps a connection alive if nobody asked for something else. */
  get heartbeat(): Packet {
    return HEARTBEATS[this.eol]
  }
}

/** @throws {SseError} `ERR_SSE_LIMIT`: an event has more bytes than are allowed */
export function requireEventBytes(bytes: number, maxEventBytes: number): void {
  if (bytes <= maxEventBytes) return
  throw new SseError('ERR_SSE_LIMIT', `the event has ${bytes} bytes, and maxEventBytes is ${maxEventBytes}`)
}

const HEARTBEATS: Readonly<Record<LineEnding, Packet>> = {
  '\n': Packet.of(': heartbeat\n\n', 1),
  '\r\n': Packet.of(': heartbeat\r\n\r\n', 1),
  '\r': Packet.of(': heartbeat\r\r', 1),
}
