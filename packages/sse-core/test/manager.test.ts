import { afterEach, describe, expect, test } from '@jest/globals'
import { type ManagerOptions, SseChannel, SseManager, sseManager } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'

const managers: SseManager[] = []

function makeManager(options?: ManagerOptions): SseManager {
  const manager = new SseManager(options)
  managers.push(manager)
  return manager
}

afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.close()))
})

describe('getOrCreate()', () => {
  test('returns the same channel for the same name, awaited or not', async () => {
    const manager = makeManager()
    const chat = manager.getOrCreate('chat')
    expect(chat).toBeInstanceOf(SseChannel)
    expect(chat.name).toBe('chat')
    expect(await manager.getOrCreate('chat')).toBe(chat)
    expect(await Promise.all([manager.getOrCreate('chat'), manager.getOrCreate('chat')])).toEqual([chat, chat])
    expect(manager.getOrCreate('Chat')).not.toBe(chat)
  })

  test('returns a different channel in another manager', () => {
    expect(makeManager().getOrCreate('chat')).not.toBe(makeManager().getOrCreate('chat'))
  })

  test('accepts the same options again, and throws a TypeError that names different ones', () => {
    const manager = makeManager()
    const options = { heartbeatMs: 5, history: { maxEvents: 3 } }
    const chat = manager.getOrCreate('chat', options)
    expect(manager.getOrCreate('chat', { heartbeatMs: 5, history: { maxEvents: 3 } })).toBe(chat)
    expect(manager.getOrCreate('chat')).toBe(chat)
    for (const others of [{ heartbeatMs: 6 }, { ...options, retryMs: 1 }, { history: { maxEvents: 3 } }, {}]) {
      expect(() => manager.getOrCreate('chat', others)).toThrow(TypeError)
    }
    expect(() => manager.getOrCreate('chat', { heartbeatMs: 6 })).toThrow('heartbeatMs: 6')
  })

  test('compares options with those at creation, even if that object has changed', () => {
    const manager = makeManager()
    const options = { heartbeatMs: 5, history: { maxEvents: 3 } }
    manager.getOrCreate('chat', options)
    options.history.maxEvents = 4
    expect(() => manager.getOrCreate('chat', options)).toThrow(TypeError)
  })

  test('throws for an invalid name or option, and creates no channel', () => {
    expect(() => makeManager().getOrCreate('')).toThrow(TypeError)
    expect(() => makeManager().getOrCreate('chat', { heartbeatMs: -1 })).toThrow(RangeError)
    expect(makeManager().has('chat')).toBe(false)
  })

  test.each(['__proto__', 'constructor', 'a/b?c#d', ' ', 'ü🚀\n', 'x'.repeat(10_000)])(
    'accepts the name %j',
    (name) => {
      const manager = makeManager()
      expect(manager.has(name)).toBe(false)
      expect(manager.getOrCreate(name)).toBe(manager.get(name))
      expect(manager.listChannels()).toEqual([name])
    },
  )

  test('throws ERR_SSE_LIMIT above maxChannels, until a channel is deleted', async () => {
    const manager = makeManager({ maxChannels: 2 })
    const [a, b] = [manager.getOrCreate('a'), manager.getOrCreate('b')]
    for (const channel of [a, b]) await channel.broadcast('something to keep')
    expect(() => manager.getOrCreate('c')).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_LIMIT', statusCode: 503, message: expect.stringContaining('2') }),
    )
    expect(manager.getOrCreate('a')).toBe(a)
    manager.delete('b')
    expect(manager.getOrCreate('c').name).toBe('c')
  })

  test('does not count a channel that nobody uses and that holds no history for maxChannels', () => {
    const manager = makeManager({ maxChannels: 1 })
    const first = manager.getOrCreate('first')
    expect(manager.getOrCreate('second').name).toBe('second')
    expect(manager.get('first')).toBe(first)
  })

  test('counts a channel that is used for maxChannels, even if it has had no event', async () => {
    const manager = makeManager({ maxChannels: 1 })
    const reading = manager.getOrCreate('first')[Symbol.asyncIterator]()
    const next = reading.next()
    expect(() => manager.getOrCreate('second')).toThrow(expect.objectContaining({ code: 'ERR_SSE_LIMIT' }))
    await reading.return?.()
    await next
  })
})

describe('a manager', () => {
  test('lists, finds and deletes channels', () => {
    const manager = makeManager()
    expect(manager.listChannels()).toEqual([])
    expect(manager.get('a')).toBeUndefined()
    const a = manager.getOrCreate('a')
    manager.getOrCreate('b')
    expect(manager.listChannels()).toEqual(['a', 'b'])
    expect(manager.get('a')).toBe(a)
    expect(manager.has('a')).toBe(true)
    expect(manager.delete('a')).toBe(true)
    expect(manager.delete('a')).toBe(false)
    expect(manager.has('a')).toBe(false)
    expect(manager.listChannels()).toEqual(['b'])
    manager.clear()
    expect(manager.listChannels()).toEqual([])
  })

  test('ends the loops over a deleted channel, whose broadcasts then reject with ERR_SSE_CLOSED', async () => {
    const manager = makeManager()
    for (const remove of [() => manager.delete('a'), () => manager.clear()]) {
      const channel = manager.getOrCreate('a')
      const received = collect(channel)
      void channel.broadcast('1')
      remove()
      await received.over
      expect(received.data).toEqual(['1'])
      await expect(channel.broadcast('2')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
      expect(manager.getOrCreate('a')).not.toBe(channel)
      manager.clear()
    }
  })

  test('keeps a new channel when the deleted one of the same name is closed later', async () => {
    const manager = makeManager()
    const first = manager.getOrCreate('a')
    manager.delete('a')
    const second = manager.getOrCreate('a')
    await first.close()
    expect(manager.get('a')).toBe(second)
    const received = collect(second)
    await second.broadcast('1')
    await turn()
    expect(received.data).toEqual(['1'])
  })

  test('removes a channel when its close() is called', async () => {
    const manager = makeManager()
    await manager.getOrCreate('a').close()
    expect(manager.has('a')).toBe(false)
  })

  test('reports the number of channels, connections and bytes in stats()', async () => {
    const manager = makeManager()
    expect(manager.stats()).toEqual({
      channels: 0,
      connections: 0,
      historyBytes: 0,
      events: 0,
      bytes: 0,
      gaps: 0,
      closed: {},
    })
    const id = await manager.getOrCreate('a').broadcast('1')
    await turn()
    const historyBytes = Buffer.byteLength(`id: ${id}\ndata: 1\n\n`)
    expect(manager.stats()).toEqual({
      channels: 1,
      connections: 0,
      historyBytes,
      events: 0,
      bytes: 0,
      gaps: 0,
      closed: {},
    })
  })

  test('closes its channels when it is closed, also if it is closed several times', async () => {
    const manager = makeManager()
    const channel = manager.getOrCreate('a')
    const received = collect(channel)
    void channel.broadcast('1')
    const closing = manager.close()
    await Promise.all([closing, manager.close(), received.over])
    expect(received.data).toEqual(['1'])
    expect(manager.listChannels()).toEqual([])
    await expect(manager.getOrCreate('b').broadcast('1')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    expect(manager.listChannels()).toEqual([])
    await expect(channel.broadcast('2')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    await manager.close()
  })

  test('passes its settings to channels that do not set them', () => {
    const manager = makeManager({ heartbeatMs: 1, retryMs: 2, writeTimeoutMs: 3, maxEventBytes: 4 })
    expect(manager.getOrCreate('a').settings).toMatchObject({ heartbeatMs: 1, retryMs: 2, maxEventBytes: 4 })
    expect(manager.getOrCreate('b', { retryMs: 0 }).settings).toMatchObject({ heartbeatMs: 1, retryMs: 0 })
  })

  test('has the documented default settings', () => {
    expect(makeManager().getOrCreate('a').settings).toEqual({
      heartbeatMs: 15_000,
      retryMs: 2_000,
      writeTimeoutMs: 30_000,
      maxBufferedBytes: 2 ** 20,
      maxEventBytes: 2 ** 20,
      maxConnectionAgeMs: Number.POSITIVE_INFINITY,
    })
  })

  test('reports an error of its channels that nobody awaits to its onError', async () => {
    const errors: unknown[] = []
    const manager = makeManager({ onError: (error) => errors.push(error) })
    void manager.getOrCreate('a').broadcast({ event: 'a\nb' })
    await turn()
    await turn()
    expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  })
})

test('the default manager exists from the start, and is empty', () => {
  expect(sseManager).toBeInstanceOf(SseManager)
  expect(sseManager.listChannels()).toEqual([])
})
