import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { EventReader } from '../reader.js'
import { headersOf } from '../reader-source.js'
import { within } from '../time-limit.js'

export interface Http2Request {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined
  readonly body?: string | Buffer | undefined
  /** Whether the reader starts paused, so that the stream's window closes. */
  readonly isPaused?: boolean | undefined
}

/** One HTTP/2 connection; its streams can be destroyed one by one or all together. */
export class Http2Client {
  readonly #tcp: Socket
  readonly #session: ClientHttp2Session

  /** Connects to the server of a URL (`http:` with prior knowledge); certificates are not verified. */
  constructor(url: string | URL) {
    const { protocol, hostname, port } = new URL(url)
    const tcp = connectTcp({ host: hostname, port: Number(port), noDelay: true })
    tcp.on('error', () => {})
    this.#tcp = tcp
    this.#session = connect(url, {
      createConnection: () =>
        protocol === 'https:' ? connectTls({ socket: tcp, ALPNProtocols: ['h2'], rejectUnauthorized: false }) : tcp,
    })
    this.#session.on('error', () => {})
  }

  /** Resolves once the connection is established, so that requests are then sent at once. */
  async connected(): Promise<this> {
    await within(once(this.#session, 'remoteSettings'), 'the HTTP/2 connection')
    return this
  }

  /**
   * Resolves with a reader of the response once its headers have arrived. The reader's `abort()` resets only the
   * stream.
   */
  async open(path: string, { method = 'GET', headers = {}, body, isPaused }: Http2Request = {}): Promise<EventReader> {
    const stream = this.start(path, { method, headers, body })
    const head = await responseHeaders(stream)
    const closed = new Promise<void>((resolve) => {
      stream.on('close', resolve)
    })
    return new EventReader(
      {
        status: head[':status'],
        headers: headersOf(head),
        chunks: stream,
        isComplete: async () => {
          await closed
          return stream.rstCode === constants.NGHTTP2_NO_ERROR
        },
        abort: () => stream.close(constants.NGHTTP2_CANCEL),
      },
      undefined,
      { isPaused },
    )
  }

  /** Sends a request and waits for nothing. */
  start(path: string, { method = 'GET', headers = {}, body }: Http2Request = {}): ClientHttp2Stream {
    const stream = this.#session.request(
      { ...headers, ':method': method, ':path': path },
      { endStream: body === undefined },
    )
    stream.on('error', () => {})
    if (body !== undefined) stream.end(body)
    return stream
  }

  /** Resets the connection, as the kernel of a crashed machine does, and all streams with it. */
  reset(): void {
    this.#tcp.resetAndDestroy()
    // Destroyed with an error: without one, its streams would seem to have ended well.
    this.#session.destroy(new Error('the connection was reset'))
  }

  /** Destroys the connection and all its streams. Idempotent. */
  destroy(): void {
    this.#session.destroy()
  }
}

/** Resolves with the response headers of a stream. If they do not arrive in time, resets the stream and rejects. */
export async function responseHeaders(
  stream: ClientHttp2Stream,
): Promise<IncomingHttpHeaders & { readonly ':status': number }> {
  try {
    const [headers] = await within(once(stream, 'response'), 'the response headers')
    return headers
  } catch (error) {
    stream.close(constants.NGHTTP2_CANCEL)
    throw error
  }
}
