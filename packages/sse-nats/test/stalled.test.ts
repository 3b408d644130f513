import { expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { insist, until } from './until.js'

const broker = sharedBroker()

const DOWN = { code: 'ERR_SSE_BACKPLANE' }

test('calls reject in time while the server does not answer; then all continues, without duplicates', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane({ timeoutMs: 250 })
  const received = await insist(() => Received.of(node, 'news'))
  await insist(() => node.publish('news', { event: { data: 'before' } }))
  await received.until('before')
  await broker.server.pause()
  // The events that it accepts before it stops, and one more.
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
  await until(isRefused, () => 'a server that has stopped')
  await expect(Received.of(node, 'other')).rejects.toMatchObject(DOWN)
  await expect(node.read('news', 'x', 1)).rejects.toMatchObject(DOWN)
  await expect(node.publish('news', { event: { data: 'not sent' } })).rejects.toMatchObject(DOWN)
  broker.server.resume()
  await insist(() => node.publish('news', { event: { data: 'after' } }))
  await received.until('after')
  // The server received the one event before it stopped, and stores it later; the other was never sent.
  const isInsisted = (data: unknown): boolean => data === 'before' || data === 'after'
  expect(received.data.filter((data) => !isInsisted(data))).toEqual(sent)
  expect(received.gaps).toBe(0)
})

test('publishes that were rejected while the network stalled are stored once when it continues', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const [publisher, listener] = [await nodes.backplane({ timeoutMs: 250 }), await nodes.backplane({}, broker.server)]
  const received = await Received.of(listener, 'news')
  await insist(() => publisher.publish('news', { event: { data: 'before' } }))
  proxy.stall()
  const results = await Promise.allSettled(numbers(1, 20).map((data) => publisher.publish('news', { event: { data } })))
  for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: DOWN })
  proxy.resume()
  await insist(() => publisher.publish('news', { event: { data: 'last' } }))
  await received.until('last')
  expect(received.data.filter((data) => typeof data === 'number')).toEqual(numbers(1, 20))
})

test('publishers and subscribers replace a half-open connection, and miss nothing', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes()
  const publisher = await nodes.backplane()
  const listeners = [
    await nodes.backplane({ timeoutMs: 250, compareMs: 50 }, proxy),
    await nodes.backplane({ timeoutMs: 250, compareMs: 0 }, proxy),
  ] as const
  const received = await Promise.all(listeners.map((each) => insist(() => Received.of(each, 'news'))))
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
  await Promise.all(received.map((each) => each.until(1)))
  expect(received.map(({ gaps }) => gaps)).toEqual([0, 0])
})

test('a connection whose pings are answered is not replaced, even if nothing else is answered', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ connection, timeoutMs: 250, compareMs: 0 })
  await insist(() => node.publish('news', { event: { data: 1 } }))
  const { streams } = await jetstreamManager(await nodes.connect())
  await streams.update(nodes.stream, { no_ack: true })
  // Requests for the stream's info are not answered either.
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

test('a publish whose reply is cut off resolves, and its event is stored once', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const [publisher, listener] = [await nodes.backplane(), await nodes.backplane({}, broker.server)]
  const received = await Received.of(listener, 'news')
  await publisher.publish('news', { event: { data: 0 } })
  for (const [index, bytes] of [0, 1, 20, 60].entries()) {
    const cut = proxy.cutReplyAfter(bytes)
    const id = await publisher.publish('news', { event: { data: index + 1 } })
    await cut
    await received.until(index + 1)
    expect(received.ids.at(-1)).toBe(id)
  }
  expect(received.data).toEqual([0, 1, 2, 3, 4])
})

test('publishes over a connection that is cut repeatedly are stored once, in the order of the calls', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const [publisher, listener] = await Promise.all([nodes.backplane({ timeoutMs: 15_000 }), nodes.backplane()])
  const received = await Received.of(listener, 'news')
  const publishing: Promise<string>[] = []
  for (const data of numbers(1, 300)) {
    publishing.push(publisher.publish('news', { event: { data } }))
    if (data % 30 === 0) proxy.cut()
    if (data % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    if (data % 60 === 0) await Promise.race(publishing.slice(-1))
  }
  const ids = await Promise.all(publishing)
  await received.until(300)
  expect(received.data).toEqual(numbers(1, 300))
  expect(received.ids).toEqual(ids)
  expect(received.gaps).toBe(0)
})

test('the backplane works over a slow network', async () => {
  const proxy = await broker.proxy()
  proxy.delayMs = 30
  const nodes = broker.nodes(proxy)
  const node = await nodes.backplane()
  const received = await Received.of(node, 'news')
  const ids = await Promise.all(numbers(1, 100).map((data) => node.publish('news', { event: { data } })))
  await received.until(100)
  expect(received.ids).toEqual(ids)
})
