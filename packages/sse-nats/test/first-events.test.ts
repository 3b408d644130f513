import { expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { headers, type NatsConnection } from '@nats-io/transport-node'
import type { TcpProxy } from '@ssekit/sse-testkit'
import { whileDroppingReplies } from './dropping.js'
import type { Nodes } from './nodes.js'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { insist, until } from './until.js'

// The first event of an empty channel names no predecessor, so that it does not show what was lost before it.

const broker = sharedBroker()

test('the first events of many followed channels take two requests to the server for each channel', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 0, connection })]
  await publisher.publish('other', { event: { data: 0 } })
  const channels = numbers(1, 100).map((number) => `channel-${number}`)
  const received = await Promise.all(channels.map((channel) => Received.of(node, channel)))
  // The same for the first events after the others have been removed.
  for (const round of [1, 2]) {
    const { outMsgs } = connection.stats()
    for (const data of numbers(1, 3)) {
      await Promise.all(channels.map((channel) => publisher.publish(channel, { event: { data: `${round}.${data}` } })))
    }
    for (const each of received) await each.until(`${round}.3`)
    expect(connection.stats().outMsgs - outMsgs).toBeLessThan(4 * channels.length)
    const { streams } = await jetstreamManager(await nodes.connect())
    for (const channel of channels)
      await streams.purge(nodes.stream, { filter: `${nodes.stream.toLowerCase()}.${channel}.e` })
  }
  for (const { data, gaps } of received) {
    expect([data, gaps]).toEqual([['1.1', '1.2', '1.3', '2.1', '2.2', '2.3'], 0])
  }
})

interface Cut {
  readonly nodes: Nodes
  readonly proxy: TcpProxy
  readonly connection: NatsConnection
  readonly publish: (data: unknown) => Promise<string>
  readonly received: readonly Received[]
}

/** Two subscribers of an empty channel, behind a proxy, in a stream that keeps events for so long. */
async function cut(maxAgeMs: number): Promise<Cut> {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const { streams } = await jetstreamManager(await nodes.connect(broker.server))
  const prefix = nodes.stream.toLowerCase()
  await streams.add({
    name: nodes.stream,
    subjects: [`${prefix}.*.e`, `${prefix}.*.x`],
    republish: { src: `${prefix}.>`, dest: `_live.${prefix}.>` },
    allow_direct: true,
    max_msgs_per_subject: 100,
    max_age: maxAgeMs * 1_000_000,
    duplicate_window: 100_000_000,
  })
  const publisher = await nodes.backplane({}, broker.server)
  await publisher.publish('other', { event: { data: 0 } })
  const connection = await nodes.connect()
  // No comparison finds the loss first.
  const node = await nodes.backplane({ compareMs: 0, connection })
  const received = [await Received.of(node, 'news'), await Received.of(node, 'news')]
  const publish = (data: unknown): Promise<string> => publisher.publish('news', { event: { data } })
  return { nodes, proxy, connection, publish, received }
}

/** Waits until the stream has nothing of the channel any more. */
async function gone({ nodes }: Cut): Promise<void> {
  const { streams } = await jetstreamManager(await nodes.connect(broker.server))
  const filter = { subjects_filter: `${nodes.stream.toLowerCase()}.news.e` }
  await until(
    async () => (await streams.info(nodes.stream, filter)).state.subjects === undefined,
    () => 'the events to expire',
  )
}

test.each([
  ['expired', 300, gone],
  [
    'were purged with the rest of the stream',
    300_000,
    async ({ nodes }: Cut): Promise<void> => {
      const { streams } = await jetstreamManager(await nodes.connect(broker.server))
      await streams.purge(nodes.stream)
    },
  ],
])('subscribers get a gap if the first events were missed and then %s', async (_how, maxAgeMs, remove) => {
  const channel = await cut(maxAgeMs)
  const { proxy, connection, publish, received } = channel
  await whileDroppingReplies(proxy, () => Promise.all(numbers(1, 3).map(publish)), connection)
  await remove(channel)
  for (const data of numbers(4, 5)) await publish(data)
  for (const each of received) await each.until(5)
  expect(received.map(({ data, gaps }) => [data, gaps])).toEqual(received.map(() => [[4, 5], 1]))
})

test('subscribers get a gap for evicted events, although another stream reports a first event of the channel', async () => {
  const { nodes, proxy, connection, publish, received } = await cut(300_000)
  // One more than the stream keeps.
  await whileDroppingReplies(proxy, () => Promise.all(numbers(1, 101).map(publish)), connection)
  const direct = await nodes.connect(broker.server)
  const others = headers()
  for (const [name, value] of [
    ['Nats-Stream', nodes.stream],
    ['Nats-Sequence', '500'],
    ['Nats-Last-Sequence', '0'],
  ] as const) {
    others.append(name, value)
  }
  direct.publish(`_live.${nodes.stream.toLowerCase()}.news.e`, '{"data":"other"}', { headers: others })
  for (const each of received) await each.until(101)
  expect(received.map(({ data, gaps }) => [data, gaps])).toEqual(received.map(() => [numbers(2, 101), 1]))
})

test('subscribers that missed the first event get it before the second', async () => {
  const { proxy, connection, publish, received } = await cut(300_000)
  await whileDroppingReplies(proxy, () => publish(1), connection)
  await publish(2)
  for (const each of received) await each.until(2)
  expect(received.map(({ data, gaps }) => [data, gaps])).toEqual(received.map(() => [[1, 2], 0]))
})

test('subscribers that missed the end of an empty channel do not get an event that was stored after it', async () => {
  const { nodes, proxy, connection, received } = await cut(300_000)
  const other = await nodes.backplane({}, broker.server)
  await whileDroppingReplies(proxy, () => other.publish('news', { end: true }), connection)
  await expect(other.publish('news', { event: { data: 'late' } })).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  const direct = await nodes.connect(broker.server)
  direct.publish(`${nodes.stream.toLowerCase()}.news.e`, '{"data":"late"}')
  for (const each of received) await each.until('end')
  expect(received.map(({ data, gaps }) => [data, gaps])).toEqual(received.map(() => [['end'], 0]))
})

test('an event that is published to an empty channel while its connection is cut is received once', async () => {
  const { proxy, publish, received } = await cut(300_000)
  for (const data of numbers(1, 5)) {
    proxy.cut()
    await insist(() => publish(data))
  }
  for (const each of received) await each.until(5)
  expect(received.map(({ data, gaps }) => [data, gaps])).toEqual(received.map(() => [numbers(1, 5), 0]))
})
