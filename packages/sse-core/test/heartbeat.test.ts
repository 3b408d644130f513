import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { respond, type SseConnection, SseManager, type SseOptions } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { runInWorker } from './core-worker.js'
import { exchange, get, hangUp, type RawConnection, serve } from './raw-exchange.js'
import { until } from './until.js'

let manager: SseManager

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] })
  manager = new SseManager()
})

afterEach(async () => {
  jest.useRealTimers()
  await manager.close({ graceMs: 0 })
  await hangUp()
})

/** Clients of one channel, each with the options for its index. */
async function connect(count: number, optionsOf: (index: number) => SseOptions = () => ({})): Promise<RawConnection[]> {
  let index = 0
  const server = await serve((req, res) => {
    void respond(req, res, manager.getOrCreate('news'), { manager, ...optionsOf(index++) })
  })
  const clients: RawConnection[] = []
  for (let i = 0; i < count; i++) clients.push(await exchange(server, get()))
  await Promise.all(clients.map(({ until }) => until(/sse-checkpoint/)))
  return clients
}

describe('heartbeats', () => {
  test('reach each connection once, even if they take several turns of the event loop', async () => {
    const clients = await connect(600)
    await jest.advanceTimersByTimeAsync(15_000)
    for (let i = 0; i < 5; i++) await turn()
    await Promise.all(clients.map(({ until }) => until(/: heartbeat\n\n/)))
    for (const { text } of clients) expect(text().match(/: heartbeat/g)).toHaveLength(1)
  })

  test('of many connections are spread over turns of the event loop, at most 256 in each', async () => {
    let beats = 0
    let inThisTurn = 0
    let mostInOneTurn = 0
    await connect(600, () => ({
      heartbeat: () => {
        beats += 1
        inThisTurn += 1
        mostInOneTurn = Math.max(mostInOneTurn, inThisTurn)
        setImmediate(() => {
          inThisTurn = 0
        })
        return { comment: 'beat' }
      },
    }))
    await jest.advanceTimersByTimeAsync(15_000)
    await until(() => beats >= 600, 'the heartbeat of every connection')
    expect(beats).toBe(600)
    expect(mostInOneTurn).toBeLessThanOrEqual(256)
  })

  test('are sent one interval after the last write, not after the last check', async () => {
    const [client] = await connect(1)
    const beats = (): number => client?.text().match(/: heartbeat/g)?.length ?? 0
    await jest.advanceTimersByTimeAsync(14_000)
    await manager.getOrCreate('news').broadcast('news')
    await client?.until(/data: news/)
    await jest.advanceTimersByTimeAsync(14_500)
    await turn()
    expect(beats()).toBe(0)
    await jest.advanceTimersByTimeAsync(500)
    await client?.until(/: heartbeat/)
  })

  test('can close all connections, and are then not called for the rest', async () => {
    let beats = 0
    const isMine = ({ key }: SseConnection): boolean => key === 'mine'
    await connect(300, () => ({
      key: 'mine',
      heartbeat: () => {
        beats += 1
        manager.disconnect(isMine)
        return { comment: 'late' }
      },
    }))
    await jest.advanceTimersByTimeAsync(60_000)
    expect(beats).toBe(1)
    expect(manager.stats().closed).toEqual({ kicked: 300 })
  })
})

test('a connection that its own heartbeat callback closed is garbage-collected while others stay open', async () => {
  jest.useRealTimers()
  const result = await runInWorker(async ({ respond: answer, SseChannel }) => {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = process.getBuiltinModule('node:vm').runInNewContext('gc')
    const http = process.getBuiltinModule('node:http')
    const channel = new SseChannel('news', { heartbeatMs: 10 })
    let ended: WeakRef<object> | undefined
    channel.on('subscribe', (connection) => {
      if (connection?.key === 'ends') ended = new WeakRef(connection)
    })
    const server = http.createServer((req, res) => {
      let beats = 0
      const end = (): string => {
        beats += 1
        if (beats === 3) (ended?.deref() as SseConnection | undefined)?.close()
        return 'late'
      }
      void answer(req, res, channel, req.url === '/ends' ? { key: 'ends', heartbeat: end } : {})
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const open = (path: string): Promise<IncomingMessage> =>
      new Promise((resolve) => http.get({ port, path, agent: false }, resolve))
    ;(await open('/stays')).resume()
    const ending = (await open('/ends')).resume()
    await new Promise((resolve) => ending.on('close', resolve))
    for (let i = 0; i < 200 && ended?.deref() !== undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      collectGarbage()
    }
    const { subscriberCount } = channel
    server.closeAllConnections()
    server.close()
    return { isCollected: ended !== undefined && ended.deref() === undefined, subscriberCount }
  })
  expect(result).toEqual({ isCollected: true, subscriberCount: 1 })
})
