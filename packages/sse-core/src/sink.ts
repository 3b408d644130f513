import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { SseRequest, SseResponse } from './exchange.js'
import type { Packet } from './packet.js'

/** Where the bytes of one response go. */
export interface Sink {
  /** Writes, or does nothing if the response is over. Returns false if nothing more should come before `drain`. */
  write(packet: Packet): boolean
  /** The bytes that the runtime still holds. */
  readonly bufferedBytes: number
  /** What emits `drain`. */
  readonly drains: Socket | SseResponse
}

/**
 * The fastest sound way to write to a response whose head is flushed.
 *
 * On HTTP/1 that is the socket itself: `res.write` does much beside the write, on Express most of all.
 * The frames carry their chunk headers, so what goes out is what `res.write` would have sent, the connection can be used
 * again after a stream that ends, and a stream that is cut off cannot be taken for one that ended. (The other sound way,
 * no `Transfer-Encoding` and `Connection: close`, gives both up to save twelve bytes an event.)
 */
export function sinkOf(req: SseRequest, res: SseResponse): Sink {
  const { socket } = res
  if (
    res instanceof ServerResponse &&
    // Under light-my-request it is not one; a response pipelined behind another has none yet.
    socket instanceof Socket &&
    // Compression and other middleware that wants to see the bytes replaces it.
    res.write === ServerResponse.prototype.write &&
    !res.hasHeader('content-encoding') &&
    req.method !== 'HEAD'
  ) {
    return new SocketSink(res, socket)
  }
  return new ResponseSink(res)
}

class SocketSink implements Sink {
  readonly #res: ServerResponse
  readonly drains: Socket
  readonly #isChunked: boolean

  constructor(res: ServerResponse, socket: Socket) {
    this.#res = res
    this.drains = socket
    // HTTP/1.0 knows no chunks.
    this.#isChunked = res.chunkedEncoding
  }

  get bufferedBytes(): number {
    return this.drains.writableLength
  }

  write(packet: Packet): boolean {
    const { drains: socket } = this
    // After somebody else's `res.end()` these bytes would stand before the next response of the connection.
    if (this.#res.writableEnded || this.#res.socket !== socket) return false
    return socket.write(this.#isChunked ? packet.chunk : packet.plain)
  }
}

class ResponseSink implements Sink {
  readonly drains: SseResponse
  readonly #flush: (() => void) | undefined

  constructor(res: SseResponse) {
    this.drains = res
    // Compression puts a `flush` of its own on the response; the one that Node's prototype has is deprecated and another.
    const flush: unknown = Object.hasOwn(res, 'flush') ? Reflect.get(res, 'flush') : undefined
    this.#flush = typeof flush === 'function' ? () => flush.call(res) : undefined
  }

  get bufferedBytes(): number {
    return this.drains.writableLength
  }

  write(packet: Packet): boolean {
    const { drains: res } = this
    if (res.writableEnded || res.destroyed) return false
    const goesOn = (res as ServerResponse).write(packet.plain)
    this.#flush?.()
    return goesOn
  }
}
