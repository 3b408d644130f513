import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { respond, type SseConnection, SseManager, type SseOptions } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, type RawConnection, serve } from './raw-exchange.js'

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

/** Clients of one channel, each with the options that its number gets. */
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
  test('reach more connections than beat in one turn, each once', async () => {
    const clients = await connect(600)
    await jest.advanceTimersByTimeAsync(15_000)
    for (let i = 0; i < 5; i++) await turn()
    await Promise.all(clients.map(({ until }) => until(/: heartbeat\n\n/)))
    for (const { text } of clients) expect(text().match(/: heartbeat/g)).toHaveLength(1)
  })

  test('may end their own connection, and those that were to beat after it', async () => {
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
