import { type ClientHttp2Stream, constants } from 'node:http2'
import { Http2Client, responseHeaders } from './faults/http2-client.js'
import { RawClient } from './faults/raw-client.js'
import type { RawRequest } from './faults/raw-request.js'
import { StoppedClient } from './faults/stopped-client.js'

/** A request without a path: the path of the URL is used. */
export type FaultRequest = Omit<RawRequest, 'path'>

/**
 * Clients that behave badly, over real sockets. Each function returns a client to inspect, and to end with `destroy()`.
 *
 * ```ts
 * const client = await faults.stall(`${url}/news`)
 * // … broadcast more than its socket takes, and see it disconnected
 * client.destroy()
 * ```
 */
export const faults: {
  /** Reads the response headers, and then nothing until `resume()`. */
  stall(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads one byte per turn of the event loop. */
  trickle(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads one byte for each `readBytes(1)`, so that it can be as slow as one byte a second. */
  drip(url: string, request?: FaultRequest): Promise<RawClient>
  /**
   * Reads the response headers and then vanishes, leaving the connection half-open: the client is a process that is
   * stopped. Not available on Windows.
   */
  vanish(url: string, httpVersion?: 1 | 2): Promise<StoppedClient>
  /** Reads the response headers and ends its own half of the connection. */
  halfClose(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads the response headers and resets the connection. */
  reset(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads this many bytes of the response, headers included, and resets the connection: in the middle of a frame. */
  resetAfter(url: string, bytes: number, request?: FaultRequest): Promise<RawClient>
  /** Sends the request and disconnects without waiting for a response. */
  hangUp(url: string, request?: FaultRequest): Promise<RawClient>
  /** Sends requests for all these paths at once, on one connection. */
  pipeline(url: string, ...paths: readonly string[]): Promise<RawClient>
  /** Speaks HTTP/1.0, which has no chunked encoding. */
  http10(url: string, request?: FaultRequest): Promise<RawClient>
  /** Sends a `HEAD` request. */
  head(url: string, request?: FaultRequest): Promise<RawClient>
  /** Sends any bytes as `Last-Event-ID`; several values send several headers. */
  lastEventId(url: string, ...values: readonly (string | Buffer)[]): Promise<RawClient>
  /** Sends this many bytes of headers in addition to those that every request has. */
  largeHead(url: string, bytes: number): Promise<RawClient>
  /** Opens an HTTP/2 stream and resets it as soon as the response headers arrive. */
  http2Reset(url: string): Promise<{ readonly client: Http2Client; readonly stream: ClientHttp2Stream }>
  /** Opens this many HTTP/2 streams on one connection and resets each of them at once. */
  http2RapidReset(url: string, count: number): Promise<Http2Client>
} = {
  stall: async (url, request) => withHead(await ask(url, request), (client) => client.pause()),
  trickle: (url, request) => ask(url, request, (client) => client.trickle()),
  drip: (url, request) => ask(url, request, (client) => client.drip()),
  vanish: (url, httpVersion) => StoppedClient.open(url, httpVersion),
  halfClose: async (url, request) => withHead(await ask(url, request), (client) => client.halfClose()),
  reset: async (url, request) => withHead(await ask(url, request), (client) => client.reset()),
  resetAfter: async (url, bytes, request) =>
    trying(await ask(url, request, (client) => client.drip()), async (client) => {
      await client.readBytes(bytes)
      return client.reset()
    }),
  hangUp: async (url, request) => {
    const client = await ask(url, request)
    client.halfClose().destroy()
    return client
  },
  pipeline: async (url, ...paths) => (await RawClient.connect(url)).send(...paths.map((path) => ({ path }))),
  http10: (url, request) => ask(url, { ...request, version: '1.0' }),
  head: (url, request) => ask(url, { ...request, method: 'HEAD' }),
  lastEventId: (url, ...values) => ask(url, { headers: { 'Last-Event-ID': values } }),
  largeHead: (url, bytes) => ask(url, { headers: { 'X-Large': 'x'.repeat(bytes - 'X-Large: \r\n'.length) } }),
  http2Reset: async (url) => {
    const { origin, pathname, search } = new URL(url)
    return trying(new Http2Client(origin), async (client) => {
      const stream = client.start(pathname + search)
      await responseHeaders(stream)
      stream.close()
      return { client, stream }
    })
  },
  http2RapidReset: async (url, count) => {
    const { origin, pathname, search } = new URL(url)
    return trying(new Http2Client(origin), async (client) => {
      await client.connected()
      const streams = Array.from({ length: count }, () => client.start(pathname + search))
      const closed = streams.map((stream) => new Promise((resolve) => stream.once('close', resolve)))
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
      await Promise.all(closed)
      return client
    })
  },
}

/** Connects, lets `prepare` choose how the client reads, and sends the request. */
async function ask(
  url: string,
  request: FaultRequest = {},
  prepare: (client: RawClient) => RawClient = (client) => client,
): Promise<RawClient> {
  const { origin, pathname, search } = new URL(url)
  return prepare(await RawClient.connect(origin)).send({ ...request, path: pathname + search })
}

function withHead(client: RawClient, then: (client: RawClient) => unknown): Promise<RawClient> {
  return trying(client, async () => {
    await client.response()
    then(client)
    return client
  })
}

/** Destroys the client if what it does fails: the caller then gets no client to destroy. */
async function trying<C extends { destroy(): void }, T>(client: C, run: (client: C) => Promise<T>): Promise<T> {
  try {
    return await run(client)
  } catch (error) {
    client.destroy()
    throw error
  }
}
