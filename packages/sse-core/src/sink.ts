import { OutgoingMessage, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { hasBody } from './head.js'
import type { SseResponse } from './http.js'
import type { Packet } from './packet.js'

// As Node has it: tracers replace it on a prototype, some of them while the process is running.
const { write } = OutgoingMessage.prototype

/**
 * The socket of a response whose head is flushed, if it is sound to write to it directly.
 *
 * `res.write` does much beside the write, on Express most of all (`npm run bench`: broadcast).
 * The frames carry their chunk headers, so what goes out is what `res.write` would have sent, the connection can be used
 * again after a stream that ends, and a stream that is cut off cannot be taken for one that ended. (The other sound way,
 * no `Transfer-Encoding` and `Connection: close`, gives both up to save twelve bytes an event.)
 */
export function directSocketOf(res: ServerResponse): Socket | undefined {
  const { socket } = res
  const isDirect =
    // Under light-my-request it is not one; a response pipelined behind another has none yet.
    socket instanceof Socket &&
    // Compression and other middleware that wants to see the bytes replaces it.
    res.write === write &&
    // HTTP/1.0 knows no chunks.
    res.chunkedEncoding &&
    hasBody(res.req, res.statusCode) &&
    !res.hasHeader('content-encoding')
  return isDirect ? socket : undefined
}

/** Writes with `res.write`, behind which may be anything; nothing to a response that has no body. */
export class ResponseSink {
  readonly #res: SseResponse
  readonly #hasBody: boolean
  readonly #flush: (() => void) | undefined

  constructor(res: SseResponse) {
    this.#res = res
    this.#hasBody = hasBody(res.req, res.statusCode)
    // Compression puts a `flush` of its own on the response; the one that Node's prototype has is deprecated and another.
    const flush: unknown = Object.hasOwn(res, 'flush') ? Reflect.get(res, 'flush') : undefined
    this.#flush = typeof flush === 'function' ? () => flush.call(res) : undefined
  }

  /** Writes, or does nothing if the response is over. Returns false if nothing more should come before `drain`. */
  write(packet: Packet): boolean {
    const res = this.#res
    if (!this.#hasBody) return true
    if (res.writableEnded || res.destroyed) return false
    const goesOn = (res as ServerResponse).write(packet.plain)
    this.#flush?.()
    return goesOn
  }
}
