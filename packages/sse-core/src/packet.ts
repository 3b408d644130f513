/**
 * Bytes to be sent, made once and written to any number of sockets. They must not be changed.
 *
 * The Buffer holds a whole HTTP/1.1 chunk, `<size in hex> CRLF <bytes> CRLF`, which can be written directly to a
 * socket. Its middle part serves everything else (HTTP/1.0, HTTP/2, `res.write`).
 */
export class Packet {
  /** The bytes as one chunk of `Transfer-Encoding: chunked`. */
  readonly chunk: Buffer
  /** The size of the bytes without the chunk's framing. */
  readonly size: number
  /** How many events these bytes hold, for statistics. */
  readonly events: number
  #plain: Buffer | undefined

  private constructor(chunk: Buffer, size: number, events: number) {
    this.chunk = chunk
    this.size = size
    this.events = events
  }

  /** Encodes a text. @param events how many events it holds */
  static of(text: string, events: number): Packet {
    const size = Buffer.byteLength(text)
    const header = `${size.toString(16)}\r\n`
    const chunk = Buffer.allocUnsafe(header.length + size + 2)
    chunk.write(header, 0, 'latin1')
    chunk.write(text, header.length, 'utf8')
    return Packet.#close(chunk, size, events)
  }

  /** Joins packets into one, which is sent as one chunk in one system call. */
  static join(packets: readonly Packet[]): Packet {
    const [first] = packets
    if (packets.length === 1 && first !== undefined) return first
    let size = 0
    let events = 0
    for (const packet of packets) {
      size += packet.size
      events += packet.events
    }
    const header = `${size.toString(16)}\r\n`
    const chunk = Buffer.allocUnsafe(header.length + size + 2)
    let offset = chunk.write(header, 0, 'latin1')
    for (const packet of packets) {
      const end = packet.chunk.length - 2
      offset += packet.chunk.copy(chunk, offset, end - packet.size, end)
    }
    return Packet.#close(chunk, size, events)
  }

  static #close(chunk: Buffer, size: number, events: number): Packet {
    chunk[chunk.length - 2] = 0x0d
    chunk[chunk.length - 1] = 0x0a
    return new Packet(chunk, size, events)
  }

  /** The bytes without the chunk's framing. */
  get plain(): Buffer {
    const end = this.chunk.length - 2
    this.#plain ??= this.chunk.subarray(end - this.size, end)
    return this.#plain
  }
}
