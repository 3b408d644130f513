import { expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { Heard, numbers } from './heard.js'
import { sharedBroker } from './shared-broker.js'
import { insist, until } from './until.js'

const broker = sharedBroker()

const DOWN = { code: 'ERR_SSE_BACKPLANE' }

test('a server that accepts and never answers: everything is refused in time, and goes on with nothing twice', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane({ timeoutMs: 250 })
  const heard = await insist(() => Heard.of(node, 'news'))
  await insist(() => node.publish('news', { event: { data: 'before' } }))
  await heard.for('before')
  await broker.server.pause()
  // Those that it takes before it stands still, and one more.
  const sent: string[] = []
  const isRefused = (): Promise<boolean> => {
    sent.push(`sent ${sent.length}`)
    return node.publish('news', { event: { data: sent.at(-1) } }).then(
      () => false,
      (error: unknown) => {
        expect(error).toMatchObject(DOWN)
        return true
      },
    )
  }
  await until(isRefused, () => 'a server that stands still')
  await expect(Heard.of(node, 'other')).rejects.toMatchObject(DOWN)
  await expect(node.read('news', 'x', 1)).rejects.toMatchObject(DOWN)
  await expect(node.publish('news', { event: { data: 'not sent' } })).rejects.toMatchObject(DOWN)
  broker.server.resume()
  await insist(() => node.publish('news', { event: { data: 'after' } }))
  await heard.for('after')
  // The server has had the one all along, and takes it when it goes on; the other was never sent.
  const isInsisted = (data: unknown): boolean => data === 'before' || data === 'after'
  expect(heard.data.filter((data) => !isInsisted(data))).toEqual(sent)
  expect(heard.gaps).toBe(0)
})

test('a network that stalls and goes on delivers what it held back, once', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const [publisher, listener] = [await nodes.backplane({ timeoutMs: 250 }), await nodes.backplane({}, broker.server)]
  const heard = await Heard.of(listener, 'news')
  await insist(() => publisher.publish('news', { event: { data: 'before' } }))
  proxy.stall()
  const results = await Promise.allSettled(numbers(1, 20).map((data) => publisher.publish('news', { event: { data } })))
  for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: DOWN })
  proxy.resume()
  await insist(() => publisher.publish('news', { event: { data: 'last' } }))
  await heard.for('last')
  expect(heard.data.filter((data) => typeof data === 'number')).toEqual(numbers(1, 20))
})

test('a connection that is half open, and brings nothing any more, is made anew, by who listens too', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes()
  const publisher = await nodes.backplane()
  const listeners = [
    await nodes.backplane({ timeoutMs: 250, compareMs: 50 }, proxy),
    await nodes.backplane({ timeoutMs: 250, compareMs: 0 }, proxy),
  ] as const
  const heard = await Promise.all(listeners.map((each) => insist(() => Heard.of(each, 'news'))))
  const open = proxy.connections
  let seen = 0
  const halfOpen = new WeakSet<object>()
  proxy.discardReplies((connection) => {
    if (seen < open && !halfOpen.has(connection)) {
      halfOpen.add(connection)
      seen += 1
    }
    return halfOpen.has(connection)
  })
  await publisher.publish('news', { event: { data: 1 } })
  await expect(listeners[1].publish('news', { event: { data: 'lost' } })).rejects.toMatchObject(DOWN)
  await Promise.all(heard.map((each) => each.for(1)))
  expect(heard.map(({ gaps }) => gaps)).toEqual([0, 0])
})

test('a connection over which pings are answered, if nothing else is, is left alone', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ connection, timeoutMs: 250, compareMs: 0 })
  await insist(() => node.publish('news', { event: { data: 1 } }))
  const { streams } = await jetstreamManager(await nodes.connect())
  await streams.update(nodes.stream, { no_ack: true })
  // Nor is it said what the stream is like.
  jest.spyOn(connection, 'request').mockReturnValue(new Promise(() => {}))
  const [ping, reconnect] = [jest.spyOn(connection, 'flush'), jest.spyOn(connection, 'reconnect')]
  const { inMsgs } = connection.stats()
  await expect(node.publish('news', { event: { data: 2 } })).rejects.toMatchObject(DOWN)
  await until(
    () => ping.mock.results.length > 0,
    () => 'a ping',
  )
  await ping.mock.results[0]?.value
  await new Promise((resolve) => setImmediate(resolve))
  expect(connection.stats().inMsgs).toBe(inMsgs)
  expect(reconnect).not.toHaveBeenCalled()
})

test('an answer that is cut off in its middle: the event is stored once, and its publisher told so', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const [publisher, listener] = [await nodes.backplane(), await nodes.backplane({}, broker.server)]
  const heard = await Heard.of(listener, 'news')
  await publisher.publish('news', { event: { data: 0 } })
  for (const [index, bytes] of [0, 1, 20, 60].entries()) {
    const cut = proxy.cutReplyAfter(bytes)
    const id = await publisher.publish('news', { event: { data: index + 1 } })
    await cut
    await heard.for(index + 1)
    expect(heard.ids.at(-1)).toBe(id)
  }
  expect(heard.data).toEqual([0, 1, 2, 3, 4])
})

test('connections that are cut all the time: what is accepted is there once, in the order of the calls', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const [publisher, listener] = await Promise.all([nodes.backplane({ timeoutMs: 15_000 }), nodes.backplane()])
  const heard = await Heard.of(listener, 'news')
  const publishing: Promise<string>[] = []
  for (const data of numbers(1, 300)) {
    publishing.push(publisher.publish('news', { event: { data } }))
    if (data % 30 === 0) proxy.cut()
    if (data % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    if (data % 60 === 0) await Promise.race(publishing.slice(-1))
  }
  const ids = await Promise.all(publishing)
  await heard.for(300)
  expect(heard.data).toEqual(numbers(1, 300))
  expect(heard.ids).toEqual(ids)
  expect(heard.gaps).toBe(0)
})

test('a slow network is no broken one', async () => {
  const proxy = await broker.proxy()
  proxy.delayMs = 30
  const nodes = broker.nodes(proxy)
  const node = await nodes.backplane()
  const heard = await Heard.of(node, 'news')
  const ids = await Promise.all(numbers(1, 100).map((data) => node.publish('news', { event: { data } })))
  await heard.for(100)
  expect(heard.ids).toEqual(ids)
})
