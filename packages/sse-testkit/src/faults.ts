import type { ClientHttp2Stream } from 'node:http2'
import { Http2Client } from './faults/http2-client.js'
import { RawClient } from './faults/raw-client.js'
import type { RawRequest } from './faults/raw-request.js'

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
  /** Reads the head and ends its own half of the connection. */
  halfClose(url: string, request?: FaultRequest): Promise<RawClient>
  /** Reads the head and resets the connection. */
  reset(url: string, request?: FaultRequest): Promise<RawClient>
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
  /** Opens an HTTP/2 stream and resets it as soon as the head is there. */
  http2Reset(url: string): Promise<{ readonly client: Http2Client; readonly stream: ClientHttp2Stream }>
} = {
  stall: async (url, request) => withHead(await ask(url, request), (client) => client.pause()),
  trickle: async (url, request) => {
    const { origin, pathname, search } = new URL(url)
    return (await RawClient.connect(origin)).trickle().send({ ...request, path: pathname + search })
  },
  halfClose: async (url, request) => withHead(await ask(url, request), (client) => client.halfClose()),
  reset: async (url, request) => withHead(await ask(url, request), (client) => client.reset()),
  hangUp: async (url, request) => {
    const client = await ask(url, request)
    client.halfClose().destroy()
    return client
  },
  pipeline: async (url, ...paths) => (await RawClient.connect(url)).send(...paths.map((path) => ({ path }))),
  http10: (url, request) => ask(url, { ...request, version: '1.0' }),
  head: (url, request) => ask(url, { ...request, method: 'HEAD' }),
  lastEventId: (url, ...values) => ask(url, { headers: { 'Last-Event-ID': values } }),
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
}

async function ask(url: string, request: FaultRequest = {}): Promise<RawClient> {
  const { origin, pathname, search } = new URL(url)
  return (await RawClient.connect(origin)).send({ ...request, path: pathname + search })
}

async function withHead(client: RawClient, then: (client: RawClient) => unknown): Promise<RawClient> {
  await client.response()
  then(client)
  return client
}
