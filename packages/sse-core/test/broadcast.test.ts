import { afterEach, describe, expect, test } from '@jest/globals'
import { SseChannel, type SseEvent } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'

const errors: unknown[] = []
const onError = (error: unknown): void => {
  errors.push(error)
}

afterEach(() => {
  errors.length = 0
})

/** Calls `broadcast()` as JavaScript can, without type checks. */
function broadcast(channel: SseChannel, event: unknown): Promise<string> {
  return Reflect.apply(channel.broadcast, channel, [event])
}

describe('broadcast()', () => {
  test('reaches every listener in the order of the calls, awaited or not', async () => {
    const channel = new SseChannel('news')
    const received = [collect(channel), collect(channel.listen())]
    await turn()
    void channel.broadcast('1')
    await channel.broadcast({ event: 'e', data: '2' })
    const third = channel.broadcast('3')
    void channel.broadcast('4')
    await third
    await turn()
    for (const { data } of received) expect(data).toEqual(['1', '2', '3', '4'])
  })

  test('delivers a string as data, and data of other types unchanged', async () => {
    const channel = new SseChannel('news')
    const { events } = collect(channel)
    const data = { a: [1] }
    await channel.broadcast('text')
    await channel.broadcast({ event: 'order', data, retry: 0, comment: 'c' })
    await turn()
    expect(events).toMatchObject([{ data: 'text' }, { event: 'order', data: { a: [1] }, retry: 0, comment: 'c' }])
  })

  test('resolves with the id that listeners receive, a different id for each event', async () => {
    const channel = new SseChannel('news')
    const received = collect(channel)
    const sent = [await channel.broadcast('1'), await channel.broadcast('2'), await channel.broadcast('3')]
    await turn()
    expect(received.ids).toEqual(sent)
    expect(new Set(sent).size).toBe(3)
    for (const id of sent) expect(id).toMatch(/^[A-Za-z0-9._-]{1,64}$/)
    expect(channel.lastEventId).toBe(sent[2])
  })

  test('gives events of two channels with the same name different ids', async () => {
    const one = await new SseChannel('news').broadcast('1')
    const other = await new SseChannel('news').broadcast('1')
    expect(one).not.toBe(other)
  })

  test.each(['!', '~', 'a', '42', 'a:b;c', '"\'\\', 'x'.repeat(128)])(
    'accepts the id %j from its caller',
    async (id) => {
      const channel = new SseChannel('news')
      const received = collect(channel)
      expect(await channel.broadcast({ id, data: 'x' })).toBe(id)
      await turn()
      expect(received.ids).toEqual([id])
      expect(channel.lastEventId).toBe(id)
    },
  )

  test.each(['', ' ', 'a b', 'ü', '\u007f', '\t', 'x'.repeat(129), '🚀'])(
    'rejects the id %j and sends nothing',
    async (id) => {
      const channel = new SseChannel('news')
      const received = collect(channel)
      await expect(channel.broadcast({ id, data: 'x' })).rejects.toMatchObject({
        code: 'ERR_SSE_INVALID_EVENT',
        message: expect.stringContaining('id must be'),
      })
      await turn()
      expect(received.events).toEqual([])
    },
  )

  test.each<[string, unknown]>([
    ['event', { event: 'a\nb' }],
    ['id', { id: 'a\0' }],
    ['retry', { retry: -1 }],
    ['data', { data: 1n }],
    ['comment', { comment: 7 }],
    ['evnt', { evnt: 'x' }],
    ['object', 42],
  ])('rejects an event that cannot be written, names "%s" in the error, and sends nothing', async (word, event) => {
    const channel = new SseChannel('news')
    const received = collect(channel)
    await expect(broadcast(channel, event)).rejects.toMatchObject({
      code: 'ERR_SSE_INVALID_EVENT',
      message: expect.stringContaining(word),
    })
    await turn()
    expect(received.events).toEqual([])
    expect(channel.lastEventId).toBeUndefined()
  })

  test('sends the event as it was at the time of the call, even if the object changes later', async () => {
    const channel = new SseChannel('news')
    const received = collect(channel)
    const event = { event: 'before', data: 'before' }
    void channel.broadcast(event)
    event.event = 'after'
    event.data = 'after'
    await turn()
    expect(received.events).toMatchObject([{ event: 'before', data: 'before' }])
  })

  test('gives each listener its own copy of the event, which it may change', async () => {
    const channel = new SseChannel('news')
    const change = async (): Promise<SseEvent | undefined> => {
      for await (const event of channel) return Object.assign(event, { data: 'changed' })
      return undefined
    }
    const changed = change()
    const received = collect(channel)
    await channel.broadcast('original')
    expect((await changed)?.data).toBe('changed')
    await turn()
    expect(received.data).toEqual(['original'])
  })

  test('rejects an event whose id makes it larger than maxEventBytes', async () => {
    const channel = new SseChannel('news', { maxEventBytes: 24, onError })
    await expect(channel.broadcast({ id: 'i'.repeat(20) })).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
    await channel.broadcast({ id: 'i'.repeat(18) })
  })

  test('accepts an event of exactly maxEventBytes, and rejects a larger one', async () => {
    const channel = new SseChannel('news', { maxEventBytes: 20, onError })
    const frame = Buffer.byteLength('data: \n\n')
    await expect(channel.broadcast('x'.repeat(20 - frame))).resolves.toEqual(expect.any(String))
    await expect(channel.broadcast('x'.repeat(21 - frame))).rejects.toMatchObject({
      code: 'ERR_SSE_LIMIT',
      message: expect.stringContaining('21'),
    })
    // The limit counts bytes, not characters.
    await expect(channel.broadcast('é'.repeat(20 - frame))).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
  })

  test('accepts an event of up to 1 MiB by default', async () => {
    const channel = new SseChannel('news')
    const frame = Buffer.byteLength('data: \n\n')
    await channel.broadcast('x'.repeat(2 ** 20 - frame))
    await expect(channel.broadcast('x'.repeat(2 ** 20 - frame + 1))).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
  })
})

describe('an error of broadcast()', () => {
  test('goes to onError if nobody awaits the promise', async () => {
    const channel = new SseChannel('news', { onError })
    void channel.broadcast({ event: 'a\nb' })
    await turn()
    await turn()
    expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  })

  test('goes only to the caller that awaits the promise, even later in the turn', async () => {
    const channel = new SseChannel('news', { onError })
    const late = channel.broadcast({ event: 'a\nb' })
    await Promise.resolve()
    await expect(late).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_EVENT' })
    const all = Promise.allSettled([channel.broadcast({ event: 'a\nb' }), channel.broadcast({ id: '' })])
    expect(await all).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
    await channel.broadcast({ retry: -1 }).catch(() => {})
    await turn()
    await turn()
    expect(errors).toEqual([])
  })

  test('goes only to the end of a promise chain that is awaited, not to onError', async () => {
    const channel = new SseChannel('news', { onError })
    await expect(channel.broadcast({ event: 'a\nb' }).finally(() => {})).rejects.toBeInstanceOf(Error)
    await turn()
    await turn()
    expect(errors).toEqual([])
  })
})

test('the name of a channel must be a string that is not empty', () => {
  for (const name of ['', undefined, null, 7, {}]) {
    expect(() => Reflect.construct(SseChannel, [name])).toThrow(TypeError)
  }
  expect(new SseChannel(' any/name #ü\n').name).toBe(' any/name #ü\n')
})
