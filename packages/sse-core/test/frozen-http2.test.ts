import { once } from 'node:events'
import { type ClientHttp2Session, connect, type Http2Server } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type CloseReason, respond, SseManager } from '@ssekit/sse-core'
import { TcpProxy } from '@ssekit/sse-testkit'
import { createServer, type Transport } from '../../sse-testkit/test/subjects/listening.js'
import { until } from './until.js'

/** An HTTP/2 client with unlimited flow control, whose TCP connection accepts no more bytes. */
interface Frozen {
  readonly server: Http2Server
  readonly sockets: ReadonlySet<Socket>
  readonly outcome: Promise<CloseReason>
}

const WINDOW = 2 ** 31 - 1
const BIG = 'x'.repeat(512 * 1024)
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp()
})

/** @param what 'full' writes until the stalled connection is full; 'quiet' writes nothing after the stall */
async function freeze(transport: Transport, manager: SseManager, what: 'quiet' | 'full' = 'full'): Promise<Frozen> {
  const sockets = new Set<Socket>()
  const channel = manager.getOrCreate('news')
  let isFull = (): boolean => false
  let answer: ((outcome: Promise<CloseReason>) => void) | undefined
  const outcome = new Promise<CloseReason>((resolve) => {
    answer = resolve
  })
  const server = createServer(transport, (req, res) => {
    isFull = () => !('stream' in res) || res.stream?.writableNeedDrain !== false
    answer?.(respond(req, res, channel, { manager }))
  }) as Http2Server
  server.on('connection', (socket: Socket) => sockets.add(socket.on('close', () => sockets.delete(socket))))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  cleanups.push(() => server.close())
  const proxy = await TcpProxy.listen({ port: (server.address() as AddressInfo).port })
  cleanups.push(() => proxy.close())
  const scheme = transport === 'h2' ? 'https' : 'http'
  const client: ClientHttp2Session = connect(`${scheme}://127.0.0.1:${proxy.port}`, {
    rejectUnauthorized: false,
    settings: { initialWindowSize: WINDOW },
  })
  client.on('error', () => {})
  cleanups.push(() => client.destroy())
  await once(client, 'remoteSettings')
  client.setLocalWindowSize(WINDOW)
  const stream = client.request({ ':path': '/' }).on('error', () => {})
  await once(stream.resume(), 'data')
  proxy.stall()
  if (what === 'full') {
    await until(async () => {
      if (isFull()) return true
      await channel.broadcast(BIG)
      return false
    }, 'a full socket')
  }
  return { server, sockets, outcome }
}

describe.each(['h2c', 'h2'] as const)('a client over %s whose TCP connection is stalled', (transport) => {
  test('is disconnected as slow, and its socket is closed', async () => {
    const manager = new SseManager({ writeTimeoutMs: 50, history: { maxBytes: 2 ** 30 } })
    const { sockets, outcome } = await freeze(transport, manager)
    expect(await outcome).toBe('slow')
    await until(() => sockets.size === 0, 'the socket to be closed')
  })

  // With 'quiet', all bytes fit into the kernel's buffers, so the server cannot see that the client does not read.
  test.each(['full', 'quiet'] as const)('does not block manager.close() or server.close(): %s', async (what) => {
    const manager = new SseManager({ history: { maxBytes: 2 ** 30 } })
    const { server, sockets, outcome } = await freeze(transport, manager, what)
    await manager.close({ graceMs: 50 })
    expect(await outcome).toBe('shutdown')
    server.close()
    await once(server, 'close')
    await until(() => sockets.size === 0, 'the socket to be closed')
  })
})
