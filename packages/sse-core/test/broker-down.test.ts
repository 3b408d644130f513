import { describe, expect, test } from '@jest/globals'
import { type Backplane, memoryBackplane, SseChannel, SseError } from '@ssekit/sse-core'
import { collect } from './collecting.js'
import { SlowBroker, settle } from './slow-broker.js'

const DOWN = { code: 'ERR_SSE_BACKPLANE', statusCode: 503, cause: expect.objectContaining({ message: 'down' }) }

describe('a backplane', () => {
  test('whose broker is down makes broadcasts reject with ERR_SSE_BACKPLANE and the cause, until it is up again', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const received = collect(channel)
    await settle()
    broker.goDown()
    await expect(channel.broadcast('lost')).rejects.toMatchObject(DOWN)
    broker.goUp()
    await channel.broadcast('1')
    await settle()
    expect(received.data).toEqual(['1'])
  })

  test('whose broker is down is reported to onError if nobody awaits the broadcast', async () => {
    const errors: unknown[] = []
    const broker = new SlowBroker()
    broker.goDown()
    const channel = new SseChannel('news', { backplane: broker.node(), onError: (error) => errors.push(error) })
    void channel.broadcast('lost')
    await settle()
    expect(errors).toMatchObject([DOWN])
  })

  test('whose broker is down makes waiting loops reject, and the next loop subscribes again', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    broker.goDown()
    const loops = [collect(channel), collect(channel)]
    for (const { over } of loops) await expect(over).rejects.toMatchObject(DOWN)
    expect(channel.subscriberCount).toBe(0)
    broker.goUp()
    const received = collect(channel)
    await channel.broadcast('1')
    await settle()
    expect(received.data).toEqual(['1'])
    expect(broker.asked.subscribe).toBe(2)
  })

  test('whose subscribe() returns nothing still delivers events, and its channel can close', async () => {
    const memory = memoryBackplane()
    const backplane: Backplane = {
      ...memory,
      subscribe: (...args) => void memory.subscribe(...args) as unknown as Promise<() => Promise<void>>,
    }
    const channel = new SseChannel('news', { backplane })
    const [first, second] = [collect(channel), collect(channel)]
    await channel.broadcast('1')
    await settle()
    expect([first.data, second.data]).toEqual([['1'], ['1']])
    await channel.close()
  })

  test('whose subscribe() throws makes waiting loops reject, and the next loop subscribes again', async () => {
    const memory = memoryBackplane()
    let isDown = true
    const channel = new SseChannel('news', {
      backplane: {
        ...memory,
        subscribe(...args) {
          if (isDown) throw new SseError('ERR_SSE_BACKPLANE', 'no connection')
          return memory.subscribe(...args)
        },
      },
    })
    for (const { over } of [collect(channel), collect(channel)]) {
      await expect(over).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
    }
    isDown = false
    const received = collect(channel)
    await channel.broadcast('1')
    await settle()
    expect(received.data).toEqual(['1'])
  })

  test('whose broker is down makes end() reject, and the channel stays open until end() succeeds', async () => {
    const broker = new SlowBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const received = collect(channel)
    await settle()
    broker.goDown()
    await expect(channel.end()).rejects.toMatchObject(DOWN)
    expect(channel.isClosed).toBe(false)
    broker.goUp()
    await channel.end('bye')
    await received.over
    expect(received.data).toEqual(['bye'])
  })
})
