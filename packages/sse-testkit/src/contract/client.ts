import { once } from 'node:events'
import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { Http2Client, type Http2Request } from '../faults/http2-client.js'
import { EventReader } from '../reader.js'
import { headersOf } from '../reader-source.js'

export type ClientRequestOptions = Http2Request

/** A well-behaved client with keep-alive connections, over the HTTP version of the subject. */
export class Client {
  readonly #url: URL
  readonly #agent: HttpAgent
  readonly #http2: Http2Client | undefined

  constructor(url: string, httpVersion: 1 | 2) {
    this.#url = new URL(url)
    this.#agent =
      this.#url.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true, rejectUnauthorized: false })
        : new HttpAgent({ keepAlive: true })
    this.#http2 = httpVersion === 2 ? new Http2Client(url) : undefined
  }

  /** Resolves with a reader of the response once its headers have arrived. */
  async open(path: string, options: ClientRequestOptions = {}): Promise<EventReader> {
    if (this.#http2 !== undefined) return this.#http2.open(path, options)
    const [response] = (await once(this.#request(path, options), 'response')) as [IncomingMessage]
    return new EventReader(
      {
        status: response.statusCode ?? 0,
        headers: headersOf(response.headers),
        chunks: response,
        isComplete: () => response.complete,
        abort: () => response.destroy(),
      },
      undefined,
      { isPaused: options.isPaused },
    )
  }

  /** Sends a request, and returns a function that disconnects without waiting for the response. */
  start(path: string, options: ClientRequestOptions = {}): () => void {
    if (this.#http2 !== undefined) {
      const stream = this.#http2.start(path, options)
      return () => stream.close()
    }
    const request = this.#request(path, options)
    return () => request.destroy()
  }

  /** Destroys all its connections. */
  destroy(): void {
    this.#agent.destroy()
    this.#http2?.destroy()
  }

  #request(path: string, { method = 'GET', headers = {}, body }: ClientRequestOptions): ClientRequest {
    const { protocol, hostname, port } = this.#url
    const make = protocol === 'https:' ? requestHttps : requestHttp
    const request = make({
      hostname,
      port,
      path,
      method,
      headers: { ...headers } as OutgoingHttpHeaders,
      agent: this.#agent,
    })
    request.on('error', () => {})
    return request.end(body)
  }
}
