import { afterAll, afterEach, beforeAll } from '@jest/globals'
import { TcpProxy } from '@ssekit/sse-testkit'
import { type NatsOptions, NatsServer } from '../../sse-testkit/test/brokers/nats-server.js'
import { Nodes } from './nodes.js'

/** One server for all tests of a file; what a test opens with it ends with that test. */
export interface SharedBroker {
  readonly server: NatsServer
  /** Backplanes with their own stream, at the server or a proxy in front of it. */
  nodes(at?: { readonly port: number }): Nodes
  /** A proxy in front of the server, to simulate network faults. */
  proxy(): Promise<TcpProxy>
}

/** Starts a server before the tests of the file that calls it. */
export function sharedBroker(options?: NatsOptions): SharedBroker {
  let server: NatsServer
  const opened: Nodes[] = []
  const proxies: TcpProxy[] = []
  beforeAll(async () => {
    server = await NatsServer.start(options)
  })
  afterEach(async () => {
    // So that pending calls settle.
    server.resume()
    for (const proxy of proxies) proxy.resume()
    await Promise.all(opened.splice(0).map((nodes) => nodes.close()))
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()))
  })
  afterAll(() => server.stop())
  return {
    get server() {
      return server
    },
    nodes(at = server) {
      const nodes = new Nodes(at)
      opened.push(nodes)
      return nodes
    },
    async proxy() {
      const proxy = await TcpProxy.listen({ port: server.port })
      proxies.push(proxy)
      return proxy
    },
  }
}
