import { afterEach, describe, expect, test } from '@jest/globals'
import { respond, SseChannel, type SseConnection } from '@ssekit/sse-core'
import { collect, turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { until } from './until.js'

afterEach(hangUp)

describe('a channel', () => {
  test("emits 'subscribe' and 'unsubscribe' after subscriberCount has changed", async () => {
    const channel = new SseChannel('news')
    const calls: [string, number, SseConnection | undefined][] = []
    channel.on('subscribe', (connection) => calls.push(['subscribe', channel.subscriberCount, connection]))
    channel.on('unsubscribe', (connection) => calls.push(['unsubscribe', channel.subscriberCount, connection]))
    const one = channel[Symbol.asyncIterator]()
    const two = channel[Symbol.asyncIterator]()
    const waiting = [one.next(), two.next()]
    await one.return?.()
    await one.return?.()
    await channel.end()
    await Promise.all(waiting)
    expect(calls).toEqual([
      ['subscribe', 1, undefined],
      ['subscribe', 2, undefined],
      ['unsubscribe', 1, undefined],
      ['unsubscribe', 0, undefined],
    ])
  })

  test('lists each of its connections once in listConnections(), and no loops', async () => {
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
    await until(() => channel.subscriberCount === 4, 'the disconnect')
    expect(channel.listConnections()).toHaveLength(2)
    // An event can be sent to one connection alone; it is in no log.
    const twice = channel.listConnections<string>().find(({ context }) => context === '/twice')
    await twice?.send('to you')
    await others[0]?.until(/data: to you\n\n/)
    await channel.close()
    expect(channel.listConnections()).toEqual([])
  })

  test('does not call a listener that off() has removed', async () => {
    const channel = new SseChannel('news')
    let calls = 0
    const listener = (): void => {
      calls += 1
    }
    expect(channel.off('subscribe', listener)).toBe(channel)
    expect(channel.on('subscribe', listener).off('subscribe', listener)).toBe(channel)
    collect(channel)
    await turn()
    expect(calls).toBe(0)
  })

  test('throws a TypeError for a listener of an event that it never emits', () => {
    const channel = new SseChannel('news')
    const listenTo = (event: string): unknown => Reflect.apply(channel.on, channel, [event, () => {}])
    expect(() => listenTo('connect')).toThrow(
      new TypeError("a channel emits 'subscribe' and 'unsubscribe', not 'connect'"),
    )
  })

  test("reports a 'subscribe' listener that throws to onError, and still delivers events", async () => {
    const errors: unknown[] = []
    const channel = new SseChannel('news', { onError: (error) => errors.push(error) })
    channel.on('subscribe', () => {
      throw new Error('listener')
    })
    const received = collect(channel)
    await channel.broadcast('1')
    await turn()
    expect(received.data).toEqual(['1'])
    expect(errors).toMatchObject([{ message: 'listener' }])
  })
})

describe('cleanup()', () => {
  test('removes nothing if all other subscribers have unsubscribed normally', async () => {
    const channel = new SseChannel('news')
    const controller = new AbortController()
    const received = collect(channel.listen({ signal: controller.signal }))
    collect(channel)
    await turn()
    expect(channel.cleanup()).toBe(0)
    expect(channel.subscriberCount).toBe(2)
    controller.abort()
    await received.over
    expect(channel.cleanup()).toBe(0)
    expect(channel.subscriberCount).toBe(1)
  })

  test('removes loops whose signal aborted without an abort event, and returns their number', async () => {
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
    const received = [collect(channel.listen({ signal: silent })), collect(channel.listen({ signal: silent }))]
    collect(channel)
    await turn()
    controller.abort()
    expect(channel.subscriberCount).toBe(3)
    expect(channel.cleanup()).toBe(2)
    expect(channel.subscriberCount).toBe(1)
    await Promise.all(received.map(({ over }) => over))
    expect(channel.cleanup()).toBe(0)
  })
})
