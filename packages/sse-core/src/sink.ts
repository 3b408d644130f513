import { OutgoingMessage, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { hasBody } from './head.js'
import type { SseResponse } from './http.js'
import type { Packet } from './packet.js'

// `write` as of when this module is loaded: tracers replace it on a prototype, some while the process is running.
const { write } = OutgoingMessage.prototype

/**
 * The socket of a response whose headers are flushed, if it is safe to write to it directly.
 *
 * `res.write()` does much besides the write, on Express most of all (`npm run bench`: broadcast). Frames carry their
 * chunk headers, so the bytes sent are those that `res.write()` would have sent. The connection can be used again after
 * a stream that ends, and a stream that was cut off cannot be mistaken for one that ended. (The other safe way, no
 * `Transfer-Encoding` and `Connection: close`, gives up both to save twelve bytes an event.)
 */
export function directSocketOf(res: ServerResponse): Socket | undefined {
  const { socket } = res
  const isDirect =
    // Under light-my-request it is no real socket.
    socket instanceof Socket &&
    // Compression, and other middleware that wants to see the bytes, replaces it.
    res.write === write &&
    // HTTP/1.0 has no chunks.
    res.chunkedEncoding &&
    hasBody(res.req, res.statusCode) &&
    !res.hasHeader('content-encoding')
  return isDirect ? socket : undefined
}

/** Writes with `res.write()`, which other code may have replaced; writes nothing to a response that has no body. */
export class ResponseSink {
  readonly #res: SseResponse
  readonly #hasBody: boolean
  readonly #flush: (() => void) | undefined

  constructor(res: SseResponse) {
    this.#res = res
    this.#hasBody = hasBody(res.req, res.statusCode)
    // Compression puts its own `flush` on the response. The one on Node's prototype is a different, deprecated method.
    const flush: unknown = Object.hasOwn(res, 'flush') ? Reflect.get(res, 'flush') : undefined
    this.#flush = typeof flush === 'function' ? () => flush.call(res) : undefined
  }

  /** Writes, unless the response is over. Returns false if nothing more should be written before `drain`. */
  write(packet: Packet): boolean {
    const res = this.#res
    if (!this.#hasBody) return true
    if (res.writableEnded || res.destroyed) return false
    const goesOn = (res as ServerResponse).write(packet.plain)
    this.#flush?.()
    return goesOn
  }
}
