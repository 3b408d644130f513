import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { type CloseReason, respond, type SseConnection, SseManager } from '@ssekit/sse-core'
import { isPending, turn } from './collecting.js'
import { exchange, get, hangUp, type RawConnection, serve } from './raw-exchange.js'

const managers: SseManager[] = []

function makeManager(options?: ConstructorParameters<typeof SseManager>[0]): SseManager {
  const manager = new SseManager(options)
  managers.push(manager)
  return manager
}

afterEach(async () => {
  jest.useRealTimers()
  await Promise.all(managers.splice(0).map((manager) => manager.close({ graceMs: 0 })))
  await hangUp()
})

/** Stops timers, but not sockets and turns of the event loop. */
function stopClock(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
}

describe('a connection', () => {
  test('writes all events of one tick in one chunk', async () => {
    const server = await serve((req, res) => {
      void respond(req, res, async (connection) => {
        connection.open()
        await turn()
        for (const data of ['1', '2', '3']) void connection.send(data)
        await turn()
        void connection.send('4')
        await turn()
      })
    })
    const { until, text } = await exchange(server, get())
    await until(/0\r\n\r\n$/)
    const chunks = text()
      .split(/\r\n[0-9a-f]+\r\n/)
      .slice(1)
    expect(chunks).toEqual([
      expect.stringContaining('retry:'),
      'data: 1\n\ndata: 2\n\ndata: 3\n\n',
      'data: 4\n\n',
      '\r\n',
    ])
  })

  test('sends an event that follows a large one, even if the stream ends in the same tick', async () => {
    const manager = makeManager()
    const channel = manager.getOrCreate('news')
    const server = await serve((req, res) => {
      void respond(req, res, channel, { manager })
    })
    const { until, text } = await exchange(server, get())
    await until(/sse-checkpoint/)
    // More than Node's high-water mark and than one write carries, in the same tick in which the stream ends.
    void channel.broadcast('x'.repeat(100 * 1024))
    void channel.broadcast('behind')
    manager.disconnect(() => true, 'aborted')
    await until(/0\r\n\r\n$/)
    expect(text()).toContain('data: behind\n\n')
  })

  test.each([
    ['', () => {}],
    [
      ', and middleware has set Transfer-Encoding',
      (res: ServerResponse) => res.setHeader('Transfer-Encoding', 'chunked'),
    ],
  ])('answers HEAD without a body if its signal has aborted%s', async (_what, prepare) => {
    const server = await serve((req, res) => {
      if (req.method !== 'HEAD') res.end('next')
      else {
        prepare(res)
        void respond(req, res, [], { signal: AbortSignal.abort() })
      }
    })
    const { until, text } = await exchange(server, `${get().replace('GET', 'HEAD')}${get()}`)
    await until(/next/)
    const [, afterHead] = text().split('\r\n\r\n')
    expect(afterHead).toMatch(/^HTTP\/1.1 200 OK/)
  })
})

describe('a client that disconnects', () => {
  test("before the response begins closes the stream with reason 'client', though the source never settles", async () => {
    const reason = new Promise<CloseReason>((resolve, reject) => {
      void serve((req, res) => {
        res.on('close', () => {
          respond(req, res, async () => new Promise(() => {})).then(resolve, reject)
        })
      })
        .then((server) => exchange(server, get()))
        .then(({ socket }) => socket.end().destroy())
    })
    expect(await reason).toBe('client')
  })

  test('makes room for the next client with the same key', async () => {
    const manager = makeManager({ maxConnectionsPerKey: 1 })
    const server = await serve((req, res) => {
      void respond(req, res, manager.getOrCreate('news'), { manager, key: 'me' })
    })
    for (let i = 0; i < 3; i++) {
      const { socket, until } = await exchange(server, get())
      await until(/sse-checkpoint/)
      const left = new Promise<void>((resolve) => {
        manager.getOrCreate('news').on('unsubscribe', () => resolve())
      })
      socket.destroy()
      await left
    }
    expect(manager.stats().closed).toEqual({ client: 3 })
  })
})

test('connections opened together are closed at different times, at 80 to 100 % of maxConnectionAgeMs', async () => {
  stopClock()
  const manager = makeManager({ maxConnectionAgeMs: 10_000, heartbeatMs: 0 })
  const server = await serve((req, res) => {
    void respond(req, res, manager.getOrCreate('news'), { manager })
  })
  const clients = await Promise.all(Array.from({ length: 20 }, () => exchange(server, get())))
  await Promise.all(clients.map(({ until }) => until(/sse-checkpoint/)))
  const gone = (): number => manager.stats().closed.age ?? 0
  await jest.advanceTimersByTimeAsync(7_999)
  expect(gone()).toBe(0)
  await jest.advanceTimersByTimeAsync(1_000)
  expect(gone()).toBeGreaterThan(0)
  expect(gone()).toBeLessThan(20)
  await jest.advanceTimersByTimeAsync(1_001)
  expect(gone()).toBe(20)
})

describe('manager.close()', () => {
  async function connected(manager: SseManager, count: number) {
    const server = await serve((req, res) => {
      void respond(req, res, manager.getOrCreate('news'), { manager })
    })
    const clients: RawConnection[] = []
    for (let i = 0; i < count; i++) clients.push(await exchange(server, get()))
    await Promise.all(clients.map(({ until }) => until(/sse-checkpoint/)))
    return { server, clients }
  }

  test('spreads the retry times of clients between one and four times retryMs', async () => {
    const manager = makeManager({ retryMs: 1_000 })
    const { clients } = await connected(manager, 10)
    await manager.close()
    await Promise.all(clients.map(({ until }) => until(/0\r\n\r\n$/)))
    const times = clients.map(({ text }) => Number(/retry: (\d+)\n\n\r\n0/.exec(text())?.[1]))
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000)
    expect(Math.max(...times)).toBeLessThanOrEqual(4_000)
    expect(new Set(times).size).toBeGreaterThan(5)
  })

  test('waits five seconds, and no longer, for a client that does not read', async () => {
    const manager = makeManager({ writeTimeoutMs: 0 })
    const { clients } = await connected(manager, 1)
    clients[0]?.socket.pause()
    const channel = manager.getOrCreate('news')
    // More than all buffers between server and client hold.
    for (let i = 0; i < 32; i++) await channel.broadcast('x'.repeat(2 ** 20 - 100))
    await turn()
    stopClock()
    const closing = manager.close()
    await jest.advanceTimersByTimeAsync(4_999)
    expect(await isPending(closing)).toBe(true)
    await jest.advanceTimersByTimeAsync(1)
    await closing
    expect(manager.stats()).toMatchObject({ connections: 0, closed: { shutdown: 1 } })
  })

  test("counts a client that has just disconnected as 'client', not as 'shutdown'", async () => {
    const manager = makeManager()
    const { clients } = await connected(manager, 2)
    const isFirst = ({ req }: SseConnection): boolean => req.socket.remotePort === clients[0]?.socket.localPort
    manager.disconnect((connection) => {
      // The close event is emitted only after this tick.
      if (isFirst(connection)) connection.req.socket.destroy()
      return false
    })
    await manager.close()
    expect(manager.stats().closed).toEqual({ client: 1, shutdown: 1 })
  })

  test('lets a server that is already closing close at once, despite keep-alive connections', async () => {
    const manager = makeManager()
    const { server } = await connected(manager, 3)
    // So Node itself keeps idle connections open forever.
    server.keepAliveTimeout = 0
    const closed = once(server, 'close')
    server.close()
    await manager.close()
    await closed
  })
})
