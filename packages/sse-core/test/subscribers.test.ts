import { afterEach, describe, expect, test } from '@jest/globals'
import { respond, SseChannel, type SseConnection } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

describe('a channel tells', () => {
  test('of each new and lost subscriber, after it', async () => {
    const channel = new SseChannel('news')
    const told: [string, number, SseConnection | undefined][] = []
    channel.on('subscribe', (connection) => told.push(['subscribe', channel.subscriberCount, connection]))
    channel.on('unsubscribe', (connection) => told.push(['unsubscribe', channel.subscriberCount, connection]))
    const one = channel[Symbol.asyncIterator]()
    const two = channel[Symbol.asyncIterator]()
    const waiting = [one.next(), two.next()]
    await one.return?.()
    await one.return?.()
    await channel.end()
    await Promise.all(waiting)
    expect(told).toEqual([
      ['subscribe', 1, undefined],
      ['subscribe', 2, undefined],
      ['unsubscribe', 1, undefined],
      ['unsubscribe', 0, undefined],
    ])
  })

  test('who streams it now, each connection once, and no loops', async () => {
    const channel = new SseChannel<{ message: string }>('news')
    const server = await serve((req, res) => {
      const context = req.url
      if (req.url === '/twice') {
        const both = (connection: SseConnection): unknown =>
          Promise.all([connection.subscribe(channel), connection.subscribe(channel)])
        void respond(req, res, both, { context })
      } else void respond(req, res, channel, { context })
    })
    const [first, ...others] = [
      await exchange(server, get('/once')),
      await exchange(server, get('/twice')),
      await exchange(server, get('/again')),
    ]
    collect(channel)
    await until(() => channel.subscriberCount === 5, 'all of them')
    const listed = channel.listConnections<string>()
    expect(listed.map(({ context }) => context).sort()).toEqual(['/again', '/once', '/twice'])
    first?.socket.destroy()
    await until(() => channel.subscriberCount === 4, 'one to be gone')
    expect(channel.listConnections()).toHaveLength(2)
    // One may be spoken to alone: what is sent so is in no log.
    const twice = channel.listConnections<string>().find(({ context }) => context === '/twice')
    await twice?.send('to you')
    await others[0]?.until(/data: to you\n\n/)
    await channel.close()
    expect(channel.listConnections()).toEqual([])
  })

  test('nobody who has asked it to stop', async () => {
    const channel = new SseChannel('news')
    let told = 0
    const listener = (): void => {
      told += 1
    }
    expect(channel.off('subscribe', listener)).toBe(channel)
    expect(channel.on('subscribe', listener).off('subscribe', listener)).toBe(channel)
    collect(channel)
    await turn()
    expect(told).toBe(0)
  })

  test('onError when a listener throws, and goes on', async () => {
    const errors: unknown[] = []
    const channel = new SseChannel('news', { onError: (error) => errors.push(error) })
    channel.on('subscribe', () => {
      throw new Error('listener')
    })
    const heard = collect(channel)
    await channel.broadcast('1')
    await turn()
    expect(heard.data).toEqual(['1'])
    expect(errors).toMatchObject([{ message: 'listener' }])
  })
})

describe('cleanup()', () => {
  test('finds nobody to sweep where everybody has left properly', async () => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    const heard = collect(channel.listen({ signal: controller.signal }))
    collect(channel)
    await turn()
    expect(channel.cleanup()).toBe(0)
    expect(channel.subscriberCount).toBe(2)
    controller.abort()
    await heard.over
    expect(channel.cleanup()).toBe(0)
    expect(channel.subscriberCount).toBe(1)
  })

  test('sweeps a listener whose signal has aborted without a word, and says how many there were', async () => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    // As a polyfilled or proxied signal may behave.
    const silent = new Proxy(controller.signal, {
      get: (signal, key) => {
        if (key === 'addEventListener' || key === 'removeEventListener') return () => {}
        const value: unknown = Reflect.get(signal, key)
        return value
      },
    })
    const heard = [collect(channel.listen({ signal: silent })), collect(channel.listen({ signal: silent }))]
    collect(channel)
    await turn()
    controller.abort()
    expect(channel.subscriberCount).toBe(3)
    expect(channel.cleanup()).toBe(2)
    expect(channel.subscriberCount).toBe(1)
    await Promise.all(heard.map(({ over }) => over))
    expect(channel.cleanup()).toBe(0)
  })
})
