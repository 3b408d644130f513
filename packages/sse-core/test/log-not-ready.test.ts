import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import {
  type Backplane,
  memoryBackplane,
  merge,
  respond,
  SseChannel,
  type SseEvent,
  SseManager,
  type SseOptions,
  type SseSource,
} from '@ssekit/sse-core'
import { readEvents } from '@ssekit/sse-testkit'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve, urlOf } from './raw-exchange.js'
import { SlowBroker } from './slow-broker.js'
import { until } from './until.js'

afterEach(hangUp)

/** A backplane whose `subscribe()` takes a turn of the event loop; everything else is immediate. */
function lateAtFirst(): Backplane {
  const memory = memoryBackplane()
  return {
    ...memory,
    subscribe: async (...args) => {
      await turn()
      return memory.subscribe(...args)
    },
  }
}

test.each<[string, (channel: SseChannel) => SseSource, SseOptions]>([
  ['a channel', (channel) => channel, {}],
  ['a channel with a filter', (channel) => channel, { filter: () => true }],
  ['merged channels', (channel) => merge(channel, new SseChannel('quiet', { backplane: lateAtFirst() })), {}],
])(
  'a client of %s receives an event broadcast right after its request, though the log is not ready',
  async (_what, of, options) => {
    const manager = new SseManager({ backplane: lateAtFirst() })
    const channel = manager.getOrCreate('news')
    const server = await serve((req, res) => {
      void respond(req, res, of(channel), { manager, ...options })
      void channel.broadcast('hello')
    })
    const reader = await readEvents(urlOf(server))
    const [event] = await reader.take(1, ({ data }) => data !== '')
    expect(event?.data).toBe('hello')
    await manager.close()
  },
)

test('broadcasts that wait for the log keep their order, even if publishing one causes another broadcast', async () => {
  const log = lateAtFirst()
  const published: unknown[] = []
  const channel: SseChannel = new SseChannel('news', {
    backplane: {
      ...log,
      publish: (name, input) => {
        const { data } = ('event' in input ? input.event : {}) as SseEvent
        published.push(data)
        // As a filter might do when it sees the first event.
        if (data === '1') void channel.broadcast('3')
        return log.publish(name, input)
      },
    },
  })
  const controller = new AbortController()
  const reading = channel.listen({ signal: controller.signal })[Symbol.asyncIterator]().next()
  await Promise.all(['1', '2'].map((data) => channel.broadcast(data)))
  await until(() => published.length === 3, 'the third broadcast')
  expect(published).toEqual(['1', '2', '3'])
  expect(await reading).toMatchObject({ value: { data: '1' } })
  controller.abort()
  await channel.close()
})

test('a new client receives its checkpoint even if the response headers alone fill the socket', async () => {
  const manager = new SseManager()
  const server: Server = createServer({ highWaterMark: 1 }, (req, res) => {
    res.socket?.cork()
    void respond(req, res, manager.getOrCreate('news'))
    setImmediate(() => res.socket?.uncork())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = await exchange(server, get())
  await client.until(/sse-checkpoint/)
  await manager.close()
  server.close()
  await once(server, 'close')
})

test('lastEventId is the id of the newest broadcast, even if the broker answers out of order', async () => {
  const broker = new SlowBroker().node()
  let answerFirst: (() => void) | undefined
  const isAnswered = new Promise<void>((resolve) => {
    answerFirst = resolve
  })
  const backplane: Backplane = {
    subscribe: (...args) => broker.subscribe(...args),
    read: (...args) => broker.read(...args),
    close: () => broker.close(),
    publish: async (channel, input) => {
      const id = await broker.publish(channel, input)
      if ('event' in input && input.event.data === 'first') await isAnswered
      return id
    },
  }
  const channel = new SseChannel('news', { backplane })
  const first = channel.broadcast('first')
  const second = await channel.broadcast('second')
  answerFirst?.()
  await first
  expect(channel.lastEventId).toBe(second)
})

test.each<[string, (channel: SseChannel) => SseSource]>([
  ['a channel', (channel) => channel],
  ['merged channels', (channel) => merge(channel, new SseChannel('other'))],
])(
  'a client of %s that disconnects before the log is ready is noticed, though its request body is unread',
  async (_what, of) => {
    const manager = new SseManager({ backplane: { ...memoryBackplane(), subscribe: () => new Promise(() => {}) } })
    const channel = manager.getOrCreate('news')
    const server = await serve((req, res) => void respond(req, res, of(channel), { manager }))
    const { socket } = await exchange(server, get('/', 'Content-Length: 100000000\r\n'))
    await until(() => manager.stats().connections === 1, 'the request')
    await new Promise<void>((resolve) => socket.write('x'.repeat(1_000_000), () => resolve()))
    socket.resetAndDestroy()
    await until(() => manager.stats().connections === 0, 'the disconnect')
    expect(manager.stats().closed).toEqual({ client: 1 })
  },
)

test("if a 'subscribe' listener deletes the channel, the streams that waited for the same log end too", async () => {
  const memory = memoryBackplane()
  let requests = 0
  const subscribe: Backplane['subscribe'] = async (...args) => {
    await until(() => requests === 2, 'both requests')
    return memory.subscribe(...args)
  }
  const manager = new SseManager({ backplane: { ...memory, subscribe } })
  const channel = manager.getOrCreate('news').on('subscribe', () => manager.delete('news'))
  const outcomes: unknown[] = []
  const server = await serve((req, res) => {
    requests += 1
    respond(req, res, channel).then(
      (reason) => outcomes.push(reason),
      (error: unknown) => outcomes.push(error),
    )
  })
  for (let i = 0; i < 2; i++) await exchange(server, get())
  await until(() => outcomes.length === 2, 'both outcomes')
  expect(outcomes).toEqual(['end', 'end'])
})
