import { describe, expect, test } from '@jest/globals'
import { memoryBackplane, SseChannel, SseError, type SseEvent, SseManager } from '@ssekit/sse-core'
import { collect, take, turn } from './collecting.js'
import { LateBroker } from './late-broker.js'
import { runInWorker } from './sources-in-worker.js'

const CLOSED = { code: 'ERR_SSE_CLOSED', message: expect.stringContaining('"news"') }

describe('a channel that ends', () => {
  test('gives its listeners what is left, then their loops end', async () => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    void channel.broadcast('1')
    await channel.end('the last')
    await heard.over
    expect(heard.data).toEqual(['1', 'the last'])
    expect(channel.subscriberCount).toBe(0)
    expect(channel.isClosed).toBe(true)
  })

  test('needs no last event', async () => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    const id = await channel.broadcast('1')
    await channel.end()
    await heard.over
    expect(heard.data).toEqual(['1'])
    // The end is no event.
    expect(channel.lastEventId).toBe(id)
  })

  test('refuses broadcasts after it, from the call on, and is idempotent', async () => {
    const channel = new SseChannel('news')
    const ending = channel.end('last')
    await expect(channel.broadcast('late')).rejects.toMatchObject(CLOSED)
    await ending
    await expect(channel.broadcast('late')).rejects.toMatchObject(CLOSED)
    await channel.end('once more')
    const heard = collect(channel.listen({ rewind: 9 }))
    await heard.over
    expect(heard.data).toEqual(['last'])
  })

  test('has ended within the call where its log is its own', async () => {
    const channel = new SseChannel('news')
    void channel.end('last')
    const heard = collect(channel.listen({ rewind: 9 }))
    await heard.over
    expect(heard.data).toEqual(['last'])
  })

  test('goes on if its last event is refused, and has lost nothing', async () => {
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
    const heard = collect(channel)
    await expect(channel.end('too large')).rejects.toMatchObject({ code: 'ERR_SSE_LIMIT' })
    expect(channel.isClosed).toBe(false)
    await channel.broadcast('on')
    await channel.end('small enough')
    await heard.over
    expect(heard.data).toEqual(['on', 'small enough'])
  })

  test('lets nothing come between its last event and its end', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    const ending = channel.end('last')
    let hasEnded = false
    void ending.then(() => {
      hasEnded = true
    })
    for (let i = 0; !hasEnded; i++) {
      await expect(channel.broadcast(`late ${i}`)).rejects.toMatchObject(CLOSED)
      await turn()
    }
    await heard.over
    expect(heard.data).toEqual(['last'])
  })

  test('ends once, whoever else calls end() meanwhile or after it, though nobody listens here', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    await Promise.all([channel.end('first'), channel.end('second')])
    expect(channel.isClosed).toBe(true)
    await channel.end('third')
    const heard = collect(new SseChannel('news', { backplane: broker.node() }))
    await heard.over
    expect(heard.data).toEqual(['first'])
  })

  test('goes on for all who called end() at once, if it is refused', async () => {
    const broker = new LateBroker()
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

  test('goes on if its last event cannot be written', async () => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    await expect(channel.end({ event: 'a\nb' })).rejects.toMatchObject({ code: 'ERR_SSE_INVALID_EVENT' })
    expect(channel.isClosed).toBe(false)
    await channel.broadcast('on')
    await turn()
    expect(heard.data).toEqual(['on'])
  })

  test('is still replayed: to who comes back, then the loop ends', async () => {
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

  test('keeps its end when events are evicted', async () => {
    const channel = new SseChannel('news', { history: { maxEvents: 0 } })
    await channel.broadcast('1')
    await channel.end()
    await turn()
    await turn()
    const heard = collect(channel.listen({ lastEventId: 'unknown' }))
    await heard.over
    expect(heard.events).toMatchObject([{ event: 'sse-gap' }])
    await expect(channel.broadcast('late')).rejects.toMatchObject(CLOSED)
  })

  test('ends on every node', async () => {
    const backplane = memoryBackplane()
    const [here, there] = [new SseManager({ backplane }), new SseManager({ backplane })]
    const heard = collect(there.getOrCreate('news'))
    await turn()
    await here.getOrCreate('news').end('bye')
    await heard.over
    expect(heard.data).toEqual(['bye'])
    await expect(there.getOrCreate('news').broadcast('late')).rejects.toMatchObject(CLOSED)
    await expect(here.getOrCreate('news').broadcast('late')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
    await Promise.all([here.close(), there.close()])
  })
})

describe('a channel that is closed', () => {
  test('gives its listeners what was broadcast before, then ends their loops', async () => {
    const channel = new SseChannel('news')
    const heard = collect(channel)
    void channel.broadcast('1')
    await channel.close()
    expect(channel.subscriberCount).toBe(0)
    await heard.over
    expect(heard.data).toEqual(['1'])
  })

  test('lets loops that are behind read on to what was broadcast last, and counts them no longer', async () => {
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

  test('lets a loop read on that is older than its log', async () => {
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

  test('ends a loop at once that is left or whose signal aborts, though it is behind', async () => {
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

  test('is held by no loop that is over', async () => {
    const result = await runInWorker(async ({ SseChannel: Channel }) => {
      process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
      const collectGarbage: () => void = process.getBuiltinModule('node:vm').runInNewContext('gc')
      const channel = new Channel('news')
      let held: WeakRef<object> | undefined
      // What a filter sees is the log's own.
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

  test('refuses broadcasts and listeners, and is idempotent', async () => {
    const channel = new SseChannel('news')
    const early = channel.listen()
    await channel.close()
    await channel.close()
    expect(channel.isClosed).toBe(true)
    await expect(channel.broadcast('late')).rejects.toMatchObject(CLOSED)
    expect(() => channel.listen()).toThrow(expect.objectContaining(CLOSED))
    await expect(collect(early).over).rejects.toMatchObject(CLOSED)
    await expect(channel.end('late')).resolves.toBeUndefined()
  })
})
