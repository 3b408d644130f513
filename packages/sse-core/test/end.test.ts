import { describe, expect, test } from '@jest/globals'
import { memoryBackplane, SseChannel, SseError, type SseEvent, SseManager } from '@ssekit/sse-core'
import { collect, take, turn } from './collecting.js'
import { runInWorker } from './core-worker.js'
import { SlowBroker } from './slow-broker.js'

const CLOSED = { code: 'ERR_SSE_CLOSED', message: expect.stringContaining('"news"') }

describe('a channel that ends', () => {
  test('delivers its remaining events and the last event, then its loops end', async () => {
    const channel = new SseChannel('news')
    const received = collect(channel)
    void channel.broadcast('1')
    await channel.end('the last')
    await received.over
    expect(received.data).toEqual(['1', 'the last'])
    expect(channel.subscriberCount).toBe(0)
    expect(channel.isClosed).toBe(true)
  })

  test('needs no last event, and the end does not change lastEventId', async () => {
    const channel = new SseChannel('news')
    const received = collect(channel)
    const id = await channel.broadcast('1')
    await channel.end()
    await received.over
    expect(received.data).toEqual(['1'])
    // The end itself is not an event.
    expect(channel.lastEventId).toBe(id)
  })

  test('rejects broadcasts from the call of end() on, and ignores a second end()', async () => {
    const channel = new SseChannel('news')
    const ending = channel.end('last')
    await expect(channel.broadcast('late')).rejects.toMatchObject(CLOSED)
    await ending
    await expect(channel.broadcast('late')).rejects.toMatchObject(CLOSED)
    await channel.end('once more')
    const received = collect(channel.listen({ rewind: 9 }))
    await received.over
    expect(received.data).toEqual(['last'])
  })

  test('has ended as soon as end() returns if it has no backplane', async () => {
    const channel = new SseChannel('news')
    void channel.end('last')
    const received = collect(channel.listen({ rewind: 9 }))
    await received.over
    expect(received.data).toEqual(['last'])
  })

  test('stays open and loses nothing if the backplane rejects its last event', async () => {
    const memory = memoryBackplane()
    const channel = new SseChannel('news', {
      backplane: {
        ...memory,
        async publish(name, input) {
          if ('event' in input && input.event.data === 'too large') throw new SseError('ERR_SSE_LIMIT', 'too large')
          return memory.publish(name, input)
        },
      },
    })
    const received = collect(channel)
    await expect(channel.end('too large')).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
    expect(channel.isClosed).toBe(false)
    await channel.broadcast('on')
    await channel.end('small enough')
    await received.over
    expect(received.data).toEqual(['on', 'small enough'])
  })

  test('rejects broadcasts between its last event and its end', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const received = collect(channel)
    const ending = channel.end('last')
    let hasEnded = false
    void ending.then(() => {
      hasEnded = true
    })
    for (let i = 0; !hasEnded; i++) {
      await expect(channel.broadcast(`late ${i}`)).rejects.toMatchObject(CLOSED)
      await turn()
    }
    await received.over
    expect(received.data).toEqual(['last'])
  })

  test('ends once, with the event of the first end(), if end() is called several times', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    await Promise.all([channel.end('first'), channel.end('second')])
    expect(channel.isClosed).toBe(true)
    await channel.end('third')
    const received = collect(new SseChannel('news', { backplane: broker.node() }))
    await received.over
    expect(received.data).toEqual(['first'])
  })

  test('stays open if the broker is down, and all simultaneous end() calls reject', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    broker.goDown()
    const refused = { code: 'ERR_SSE_BACKPLANE' }
    const endings = [channel.end('first'), channel.end()]
    for (const ending of endings) await expect(ending).rejects.toMatchObject(refused)
    broker.goUp()
    await channel.broadcast('on')
    await channel.end()
    expect(channel.isClosed).toBe(true)
  })

  test('stays open if its last event cannot be written', async () => {
    const channel = new SseChannel('news')
    const received = collect(channel)
    await expect(channel.end({ event: 'a\nb' })).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_EVENT' })
    expect(channel.isClosed).toBe(false)
    await channel.broadcast('on')
    await turn()
    expect(received.data).toEqual(['on'])
  })

  test('replays its events to reconnecting and to new readers, then their loops end', async () => {
    const channel = new SseChannel('news')
    const id = await channel.broadcast('1')
    await channel.broadcast('2')
    await channel.end('3')
    const back = collect(channel.listen({ lastEventId: id }))
    await back.over
    expect(back.data).toEqual(['2', '3'])
    const stranger = collect(channel.listen({ lastEventId: 'unknown' }))
    await stranger.over
    expect(stranger.events.map(({ event, data }) => event ?? data)).toEqual(['sse-gap', '1', '2', '3'])
    const fresh = collect(channel)
    await fresh.over
    expect(fresh.data).toEqual(['1', '2', '3'])
    const atEnd = collect(channel.listen({ lastEventId: back.ids.at(-1) }))
    await atEnd.over
    expect(atEnd.data).toEqual([])
  })

  test('keeps its end when its events are evicted', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 0 } })
    await channel.broadcast('1')
    await channel.end()
    await turn()
    await turn()
    const received = collect(channel.listen({ lastEventId: 'unknown' }))
    await received.over
    expect(received.events).toMatchObject([{ event: 'sse-gap' }])
    await expect(channel.broadcast('late')).rejects.toMatchObject(CLOSED)
  })

  test('ends on every node', async () => {
    const backplane = memoryBackplane()
    const [here, there] = [new SseManager({ backplane }), new SseManager({ backplane })]
    const received = collect(there.getOrCreate('news'))
    await turn()
    await here.getOrCreate('news').end('bye')
    await received.over
    expect(received.data).toEqual(['bye'])
    await expect(there.getOrCreate('news').broadcast('late')).rejects.toMatchObject(CLOSED)
    await expect(here.getOrCreate('news').broadcast('late')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    await Promise.all([here.close(), there.close()])
  })
})

describe('a channel that is closed', () => {
  test('delivers events broadcast before close(), then ends its loops', async () => {
    const channel = new SseChannel('news')
    const received = collect(channel)
    void channel.broadcast('1')
    await channel.close()
    expect(channel.subscriberCount).toBe(0)
    await received.over
    expect(received.data).toEqual(['1'])
  })

  test('lets slow loops read up to the last event, but no longer counts them as subscribers', async () => {
    const manager = new SseManager()
    const channel = manager.getOrCreate('news')
    const loops = [channel.listen({ filter: ({ data }) => data !== '3' }), channel.listen()].map((listening) =>
      listening[Symbol.asyncIterator](),
    ) as [AsyncIterator<SseEvent>, AsyncIterator<SseEvent>]
    const firsts = loops.map((loop) => loop.next())
    for (const data of ['1', '2', '3', '4', '5']) void channel.broadcast(data)
    await Promise.all(firsts)
    await manager.close()
    expect(channel.subscriberCount).toBe(0)
    expect((await take(loops[0], 3)).map(({ data }) => data)).toEqual(['2', '4', '5'])
    expect((await take(loops[1], 4)).map(({ data }) => data)).toEqual(['2', '3', '4', '5'])
    for (const loop of loops) expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  test('lets a loop that still reads older events from the backplane read up to the last event', async () => {
    const backplane = memoryBackplane()
    const channel = new SseChannel('news', { backplane, history: { maxEvents: 1 } })
    const first = await channel.broadcast({ data: 0 })
    for (let data = 1; data <= 250; data++) await channel.broadcast({ data })
    const loop = channel.listen({ lastEventId: first })[Symbol.asyncIterator]()
    await turn()
    const read = await take(loop, 50)
    await channel.close()
    read.push(...(await take(loop, 200)))
    expect(read.map(({ data }) => data)).toEqual(Array.from({ length: 250 }, (_, i) => i + 1))
    expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  test('ends a loop at once on return() or abort, though events are unread', async () => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    const loops = [channel.listen({ signal: controller.signal }), channel.listen()].map((listening) =>
      listening[Symbol.asyncIterator](),
    )
    const firsts = loops.map((loop) => loop.next())
    for (const data of ['1', '2']) void channel.broadcast(data)
    await Promise.all(firsts)
    await channel.close()
    controller.abort()
    await loops[1]?.return?.()
    for (const loop of loops) expect(await loop.next()).toEqual({ done: true, value: undefined })
  })

  test('has its events garbage-collected though a finished loop is still referenced', async () => {
    const result = await runInWorker(async ({ SseChannel: Channel }) => {
      process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
      const collectGarbage: () => void = process.getBuiltinModule('node:vm').runInNewContext('gc')
      const channel = new Channel('news')
      let held: WeakRef<object> | undefined
      // A filter sees the log's own event object.
      const filter = (event: object): boolean => {
        held ??= new WeakRef(event)
        return true
      }
      const loop = channel.listen({ filter })[Symbol.asyncIterator]()
      await (async () => {
        const first = loop.next()
        for (const data of ['1', '2']) void channel.broadcast(data)
        await first
        await channel.close()
        await loop.next()
      })()
      const { done } = await loop.next()
      for (let i = 0; i < 200 && held?.deref() !== undefined; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        collectGarbage()
      }
      return { done, isHeld: held?.deref() !== undefined, hasLoop: loop !== undefined }
    })
    expect(result).toEqual({ done: true, isHeld: false, hasLoop: true })
  })

  test('rejects broadcasts and listeners with ERR_SSE_CLOSED, and ignores a second close()', async () => {
    const channel = new SseChannel('news')
    const early = channel.listen()
    await channel.close()
    await channel.close()
    expect(channel.isClosed).toBe(true)
    await expect(channel.broadcast('late')).rejects.toMatchObject(CLOSED)
    for (const source of [early, channel.listen(), channel])
      await expect(collect(source).over).rejects.toMatchObject(CLOSED)
    await expect(channel.end('late')).resolves.toBeUndefined()
  })
})
