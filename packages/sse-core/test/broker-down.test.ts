import { describe, expect, test } from '@jest/globals'
import { type Backplane, memoryBackplane, SseChannel, SseError } from '@ssekit/sse-core'
import { collect } from './collecting.js'
import { LateBroker, settle } from './late-broker.js'

const DOWN = { code: 'ERR_SSE_BACKPLANE', statusCode: 503, cause: expect.objectContaining({ message: 'down' }) }

describe('a broker that is down', () => {
  test('rejects broadcasts with ERR_SSE_BACKPLANE and its cause, and the channel goes on when it is up', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    await settle()
    broker.goDown()
    await expect(channel.broadcast('lost')).rejects.toMatchObject(DOWN)
    broker.goUp()
    await channel.broadcast('1')
    await settle()
    expect(heard.data).toEqual(['1'])
  })

  test('is told to onError where nobody awaits', async () => {
    const errors: unknown[] = []
    const broker = new LateBroker()
    broker.goDown()
    const channel = new SseChannel('news', { backplane: broker.node(), onError: (error) => errors.push(error) })
    void channel.broadcast('lost')
    await settle()
    expect(errors).toMatchObject([DOWN])
  })

  test('fails the loops that wait for it, and the next one tries again', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    broker.goDown()
    const loops = [collect(channel), collect(channel)]
    for (const { over } of loops) await expect(over).rejects.toMatchObject(DOWN)
    expect(channel.subscriberCount).toBe(0)
    broker.goUp()
    const heard = collect(channel)
    await channel.broadcast('1')
    await settle()
    expect(heard.data).toEqual(['1'])
    expect(broker.asked.subscribe).toBe(2)
  })

  test('may have nothing to give back its subscriptions with', async () => {
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

  test('may throw rather than reject', async () => {
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
    const heard = collect(channel)
    await channel.broadcast('1')
    await settle()
    expect(heard.data).toEqual(['1'])
  })

  test('refuses an end, and the channel goes on', async () => {
    const broker = new LateBroker()
    const channel = new SseChannel('news', { backplane: broker.node() })
    const heard = collect(channel)
    await settle()
    broker.goDown()
    await expect(channel.end()).rejects.toMatchObject(DOWN)
    expect(channel.isClosed).toBe(false)
    broker.goUp()
    await channel.end('bye')
    await heard.over
    expect(heard.data).toEqual(['bye'])
  })
})
