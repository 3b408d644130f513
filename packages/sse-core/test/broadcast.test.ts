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

/** As JavaScript calls it, which checks no types. */
function broadcast(channel: SseChannel, event: unknown): Promise<string> {
  return Reflect.apply(channel.broadcast, channel, [event])
}

describe('broadcast', () => {
  test('reaches every listener, in the order of the calls, awaited or not', async () => {
    const channel = new SseChannel('news')
    const heard = [collect(channel), collect(channel.listen())]
    await turn()
    void channel.broadcast('1')
    await channel.broadcast({ event: 'e', data: '2' })
    const third = channel.broadcast('3')
    void channel.broadcast('4')
    await third
    await turn()
    for (const { data } of heard) expect(data).toEqual(['1', '2', '3', '4'])
  })

  test('takes a string as data, and keeps data that is no string as it is', async () => {
    const channel = new SseChannel('news')
    const { events } = collect(channel)
    const data = { a: [1] }
    await channel.broadcast('text')
    await channel.broadcast({ event: 'order', data, retry: 0, comment: 'c' })
    await turn()
    expect(events).toMatchObject([{ data: 'text' }, { event: 'order', data: { a: [1] }, retry: 0, comment: 'c' }])
  })

  test('resolves with the id that listeners see, a new one for each event', async () => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    const sent = [await channel.broadcast('1'), await channel.broadcast('2'), await channel.broadcast('3')]
    await turn()
    expect(heard.ids).toEqual(sent)
    expect(new Set(sent).size).toBe(3)
    for (const id of sent) expect(id).toMatch(/^[A-Za-z0-9._-]{1,64}$/)
    expect(channel.lastEventId).toBe(sent[2])
  })

  test('never gives two channels of the same name the same ids', async () => {
    const one = await new SseChannel('news').broadcast('1')
    const other = await new SseChannel('news').broadcast('1')
    expect(one).not.toBe(other)
  })

  test.each(['!', '~', 'a', '42', 'a:b;c', '"\'\\', 'x'.repeat(128)])('takes the id %j of its caller', async (id) => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    expect(await channel.broadcast({ id, data: 'x' })).toBe(id)
    await turn()
    expect(heard.ids).toEqual([id])
    expect(channel.lastEventId).toBe(id)
  })

  test.each(['', ' ', 'a b', 'ü', '\u007f', '\t', 'x'.repeat(129), '🚀'])('refuses the id %j', async (id) => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    await expect(channel.broadcast({ id, data: 'x' })).rejects.toMatchObject({
      code: 'ERR_SSE_INVALID_EVENT',
      message: expect.stringContaining('id must be'),
    })
    await turn()
    expect(heard.events).toEqual([])
  })

  test.each<[string, unknown]>([
    ['event', { event: 'a\nb' }],
    ['id', { id: 'a\0' }],
    ['retry', { retry: -1 }],
    ['data', { data: 1n }],
    ['comment', { comment: 7 }],
    ['evnt', { evnt: 'x' }],
    ['object', 42],
  ])('refuses what cannot be written, naming %s, and sends nothing to anybody', async (word, event) => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    await expect(broadcast(channel, event)).rejects.toMatchObject({
      code: 'ERR_SSE_INVALID_EVENT',
      message: expect.stringContaining(word),
    })
    await turn()
    expect(heard.events).toEqual([])
    expect(channel.lastEventId).toBeUndefined()
  })

  test('sends the event as it was at the call, whatever becomes of the object', async () => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    const event = { event: 'before', data: 'before' }
    void channel.broadcast(event)
    event.event = 'after'
    event.data = 'after'
    await turn()
    expect(heard.events).toMatchObject([{ event: 'before', data: 'before' }])
  })

  test('gives each listener an event of its own to change', async () => {
    const channel = new SseChannel('news')
    const change = async (): Promise<SseEvent | undefined> => {
      for await (const event of channel) return Object.assign(event, { data: 'changed' })
      return undefined
    }
    const changed = change()
    const heard = collect(channel)
    await channel.broadcast('as it was')
    expect((await changed)?.data).toBe('changed')
    await turn()
    expect(heard.data).toEqual(['as it was'])
  })

  test('of an event whose own id makes it larger than maxEventBytes is refused', async () => {
    const channel = new SseChannel('news', { maxEventBytes: 24, onError })
    await expect(channel.broadcast({ id: 'i'.repeat(20) })).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
    await channel.broadcast({ id: 'i'.repeat(18) })
  })

  test('of an event beyond maxEventBytes is refused, and of one that just fits is not', async () => {
    const channel = new SseChannel('news', { maxEventBytes: 20, onError })
    const frame = Buffer.byteLength('data: \n\n')
    await expect(channel.broadcast('x'.repeat(20 - frame))).resolves.toEqual(expect.any(String))
    await expect(channel.broadcast('x'.repeat(21 - frame))).rejects.toMatchObject({
      code: 'ERR_SSE_LIMIT',
      message: expect.stringContaining('21'),
    })
    // What counts is bytes, not characters.
    await expect(channel.broadcast('é'.repeat(20 - frame))).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
  })

  test('of up to 1 MiB is the default', async () => {
    const channel = new SseChannel('news')
    const frame = Buffer.byteLength('data: \n\n')
    await channel.broadcast('x'.repeat(2 ** 20 - frame))
    await expect(channel.broadcast('x'.repeat(2 ** 20 - frame + 1))).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
  })
})

describe('an error of a broadcast', () => {
  test('that nobody awaits goes to onError', async () => {
    const channel = new SseChannel('news', { onError })
    void channel.broadcast({ event: 'a\nb' })
    await turn()
    await turn()
    expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  })

  test('that somebody awaits, even later in the turn, goes to them alone', async () => {
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

  test('of a chain is the one of its end, not told twice', async () => {
    const channel = new SseChannel('news', { onError })
    await expect(channel.broadcast({ event: 'a\nb' }).finally(() => {})).rejects.toBeInstanceOf(Error)
    await turn()
    await turn()
    expect(errors).toEqual([])
  })
})

test('a channel needs a name', () => {
  for (const name of ['', undefined, null, 7, {}]) {
    expect(() => Reflect.construct(SseChannel, [name])).toThrow(TypeError)
  }
  expect(new SseChannel(' any/name #ü\n').name).toBe(' any/name #ü\n')
})
