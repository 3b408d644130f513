import { formatCheckpoint } from './control-events.js'
import { SseError } from './errors.js'
import type { LineEnding, SseEvent } from './event.js'
import { textOf, withLineEnding } from './event-text.js'
import { Packet } from './packet.js'

/** Encodes what does not come from a log: direct events, heartbeats, checkpoints. */
export class Encoder {
  readonly eol: LineEnding
  readonly #maxEventBytes: number
  // Clients that connect at the same time usually need the same checkpoint.
  #checkpoint: { readonly id: string; readonly packet: Packet } | undefined

  constructor(eol: LineEnding, maxEventBytes: number) {
    this.eol = eol
    this.#maxEventBytes = maxEventBytes
  }

  /** Encodes an event. @throws {SseError} `ERR_SSE_INVALID_EVENT`, `ERR_SSE_LIMIT` */
  event(input: SseEvent | string): Packet {
    const packet = this.packet(textOf(input), 1)
    requireEventBytes(packet.size, this.#maxEventBytes)
    return packet
  }

  /** Encodes text with LF line endings, which counts as `events` events. */
  packet(text: string, events: number): Packet {
    return Packet.of(withLineEnding(text, this.eol), events)
  }

  /** Encodes a checkpoint, which advances the client's last event id. */
  checkpoint(id: string): Packet {
    if (this.#checkpoint?.id !== id) this.#checkpoint = { id, packet: this.packet(formatCheckpoint(id), 1) }
    return this.#checkpoint.packet
  }

  /** The default heartbeat. */
  get heartbeat(): Packet {
    return HEARTBEATS[this.eol]
  }
}

/** @throws {SseError} `ERR_SSE_LIMIT`: the event has more than `maxEventBytes` */
export function requireEventBytes(bytes: number, maxEventBytes: number): void {
  if (bytes <= maxEventBytes) return
  throw new SseError('ERR_SSE_LIMIT', `the event has ${bytes} bytes, and maxEventBytes is ${maxEventBytes}`)
}

const HEARTBEATS: Readonly<Record<LineEnding, Packet>> = {
  '\n': Packet.of(': heartbeat\n\n', 1),
  '\r\n': Packet.of(': heartbeat\r\n\r\n', 1),
  '\r': Packet.of(': heartbeat\r\r', 1),
}
