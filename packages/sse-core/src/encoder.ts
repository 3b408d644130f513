import { SseError } from './errors.js'
import { checkEvent, idLine, type LineEnding, type SseEvent, withLineEnding } from './event.js'
import { Packet } from './packet.js'

/** Makes the bytes that are for one connection alone. */
export class Encoder {
  readonly eol: LineEnding
  readonly #maxEventBytes: number

  constructor(eol: LineEnding, maxEventBytes: number) {
    this.eol = eol
    this.#maxEventBytes = maxEventBytes
  }

  /** @throws {SseError} `ERR_SSE_INVALID_EVENT`, `ERR_SSE_LIMIT` */
  event(input: SseEvent | string): Packet {
    const { event, body } = checkEvent(input)
    const packet = this.packet(idLine(event.id) + body, 1)
    requireEventBytes(packet.size, this.#maxEventBytes)
    return packet
  }

  /** Text with LF, which holds so many events. */
  packet(text: string, events: number): Packet {
    return Packet.of(withLineEnding(text, this.eol), events)
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
