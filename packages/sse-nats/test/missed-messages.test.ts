import { expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { whileDroppingReplies } from './dropping.js'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { insist, until } from './until.js'

const broker = sharedBroker()

test('missed messages are found: a hole by the next event, the last events by comparison', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const connection = await nodes.connect()
  const [publisher, node] = [
    await nodes.backplane({}, broker.server),
    await nodes.backplane({ compareMs: 0, connection }),
  ]
  const publish = (data: unknown): Promise<string> => publisher.publish('news', { event: { data } })
  await publish(0)
  const received = await Received.of(node, 'news', 0)
  await publish(1)
  await received.until(1)
  await whileDroppingReplies(proxy, () => Promise.all(numbers(2, 50).map(publish)), connection)
  await publish(51)
  await received.until(51)
  expect(received.data).toEqual(numbers(1, 51))

  const comparing = await nodes.backplane({ compareMs: 50, timeoutMs: 500, connection })
  const other = await insist(() => Received.of(comparing, 'news', 0))
  const quiet = await insist(() => Received.of(comparing, 'quiet'))
  await whileDroppingReplies(
    proxy,
    async () => {
      await publish(52)
      await publisher.publish('quiet', { event: { data: 'first' } })
      await publisher.publish('quiet', { end: true })
    },
    connection,
  )
  await other.until(52)
  await quiet.until('end')
  expect([other.data, quiet.data]).toEqual([[52], ['first', 'end']])
  expect([received.gaps, other.gaps, quiet.gaps]).toEqual([0, 0, 0])
})

test('a node whose connection was cut subscribes to a bell again at most once, not with each comparison', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const publisher = await nodes.backplane({}, broker.server)
  await publisher.publish('other', { event: { data: 0 } })
  const connection = await nodes.connect()
  const node = await nodes.backplane({ compareMs: 20, connection })
  const received = await Received.of(node, 'news')
  await publisher.publish('news', { event: { data: 1 } })
  await received.until(1)
  const subscribe = jest.spyOn(connection, 'subscribe')
  proxy.cut()
  const { outMsgs } = connection.stats()
  await until(
    () => connection.stats().outMsgs > outMsgs + 50,
    () => 'comparisons',
  )
  expect(subscribe.mock.calls.length).toBeLessThan(2)
  await publisher.publish('news', { event: { data: 2 } })
  await received.until(2)
  expect(received.data).toEqual([1, 2])
})

test('a node that missed events which were then evicted gets one gap', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const publisher = await nodes.backplane({ history: { maxEvents: 10 } }, broker.server)
  await publisher.publish('other', { event: { data: 0 } })
  const connection = await nodes.connect()
  const node = await nodes.backplane({ compareMs: 50, timeoutMs: 500, connection })
  const received = await insist(() => Received.of(node, 'news'))
  await whileDroppingReplies(
    proxy,
    () => Promise.all(numbers(1, 30).map((data) => publisher.publish('news', { event: { data } }))),
    connection,
  )
  await received.until(30)
  await publisher.publish('news', { event: { data: 31 } })
  await received.until(31)
  expect(received.data).toEqual(numbers(21, 31))
  expect(received.gaps).toBe(1)
})

test('a channel whose events have all expired continues without a gap', async () => {
  const nodes = broker.nodes()
  const { streams } = await jetstreamManager(await nodes.connect())
  // Created with a short max_age, which the backplane does not change.
  const prefix = nodes.stream.toLowerCase()
  await streams.add({
    name: nodes.stream,
    subjects: [`${prefix}.>`],
    republish: { src: `${prefix}.>`, dest: `_live.${prefix}.>` },
    allow_direct: true,
    max_msgs_per_subject: 100,
    max_age: 300_000_000,
    duplicate_window: 100_000_000,
  })
  const node = await nodes.backplane({ compareMs: 20 })
  const [news, quiet] = [await Received.of(node, 'news'), await Received.of(node, 'quiet')]
  await node.publish('news', { event: { data: 1 } })
  await news.until(1)
  for (const data of numbers(2, 4)) {
    // Another channel is used meanwhile, so that the stream's sequence advances.
    await until(
      async () => {
        await node.publish('busy', { event: { data } })
        return (await streams.info(nodes.stream, { subjects_filter: `${prefix}.news.e` })).state.subjects === undefined
      },
      () => 'the event to expire',
    )
    await node.publish('news', { event: { data } })
    await news.until(data)
  }
  await node.publish('quiet', { event: { data: 'first' } })
  await quiet.until('first')
  expect(news.data).toEqual([1, 2, 3, 4])
  expect([news.gaps, quiet.gaps]).toEqual([0, 0])
})
