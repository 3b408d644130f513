import { type ClientHttp2Stream, constants } from 'node:http2'
import { Http2Client } from './faults/http2-client.js'
import { RawClient } from './faults/raw-client.js'
import type { RawRequest } from './faults/raw-request.js'
import { StoppedClient } from './faults/stopped-client.js'

/** A request to a URL whose path is the URL's. */
export type FaultRequest = Omit<RawRequest, 'path'>

/**
 * Clients that behave badly, over real sockets. Each returns a client to look at and to end with `destroy()`.
 *
 * ```ts
 * const client = await faults.stall(`${url}/news`)
 * // … broadcast more than its socket takes, and see it disconnected
 * client.destroy()
 * ```
 */
export const faults: {
  /** Reads the head, and then nothing more until `resume()`. */
  stall(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads one byte a turn. */
  trickle(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads one byte for each `readBytes(1)`: one a second, or slower. */
  drip(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads the head, and is then gone without a word: half-open. It is a process that is stopped, so not on Windows. */
  vanish(url: string, httpVersion?: 1 | 2): Promise<StoppedClient>
  /** Reads the head and ends its own half of the connection. */
  halfClose(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads the head and resets the connection. */
  reset(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads so many bytes of the response, its head among them, and resets the connection: in the middle of a frame. */
  resetAfter(url: string, bytes: number, request?: FaultRequest): Promise<RawClient>
  /** Leaves without waiting for an answer. */
  hangUp(url: string, request?: FaultRequest): Promise<RawClient>
  /** Sends requests for all these paths at once. */
  pipeline(url: string, ...paths: readonly string[]): Promise<RawClient>
  /** Speaks HTTP/1.0, which knows no chunks. */
  http10(url: string, request?: FaultRequest): Promise<RawClient>
  /** Asks with `HEAD`. */
  head(url: string, request?: FaultRequest): Promise<RawClient>
  /** Sends any bytes as `Last-Event-ID`, as often as there are values. */
  lastEventId(url: string, ...values: readonly (string | Buffer)[]): Promise<RawClient>
  /** Sends so many bytes of headers beside what a request has anyway. */
  largeHead(url: string, bytes: number): Promise<RawClient>
  /** Opens an HTTP/2 stream and resets it as soon as the head is there. */
  http2Reset(url: string): Promise<{ readonly client: Http2Client; readonly stream: ClientHttp2Stream }>
  /** Opens so many HTTP/2 streams on one connection and resets each at once. */
  http2RapidReset(url: string, count: number): Promise<Http2Client>
} = {
  stall: async (url, request) => withHead(await ask(url, request), (client) => client.pause()),
  trickle: (url, request) => ask(url, request, (client) => client.trickle()),
  drip: (url, request) => ask(url, request, (client) => client.drip()),
  vanish: (url, httpVersion) => StoppedClient.open(url, httpVersion),
  halfClose: async (url, request) => withHead(await ask(url, request), (client) => client.halfClose()),
  reset: async (url, request) => withHead(await ask(url, request), (client) => client.reset()),
  resetAfter: async (url, bytes, request) => {
    const client = await ask(url, request, (client) => client.drip())
    await client.readBytes(bytes)
    return client.reset()
  },
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
    const client = new Http2Client(origin)
    const stream = client.start(pathname + search)
    await new Promise<void>((resolve) => {
      stream.once('response', () => resolve())
    })
    stream.close()
    return { client, stream }
  },
  http2RapidReset: async (url, count) => {
    const { origin, pathname, search } = new URL(url)
    const client = await new Http2Client(origin).connected()
    const streams = Array.from({ length: count }, () => client.start(pathname + search))
    const closed = streams.map((stream) => new Promise((resolve) => stream.once('close', resolve)))
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
    await Promise.all(closed)
    return client
  },
}

/** Connects and asks; how the client reads is said before it does. */
async function ask(
  url: string,
  request: FaultRequest = {},
  prepare: (client: RawClient) => RawClient = (client) => client,
): Promise<RawClient> {
  const { origin, pathname, search } = new URL(url)
  return prepare(await RawClient.connect(origin)).send({ ...request, path: pathname + search })
}

async function withHead(client: RawClient, then: (client: RawClient) => unknown): Promise<RawClient> {
  await client.response()
  then(client)
  return client
}
