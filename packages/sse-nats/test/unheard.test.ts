import { expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { TcpProxy } from '@ssekit/sse-testkit'
import { Heard, numbers } from './heard.js'
import { sharedBroker } from './shared-broker.js'
import { insist, settled, until } from './until.js'

const broker = sharedBroker()

/** Drops all that the server says while something is done, from one silence to another. */
async function deafTo(proxy: TcpProxy, run: () => Promise<unknown>, connection: NatsConnection): Promise<void> {
  await settled(() => connection.stats().inMsgs)
  proxy.discardReplies()
  const before = proxy.discardedBytes
  await run()
  await until(
    () => proxy.discardedBytes > before,
    () => 'bytes that are dropped',
  )
  await settled(() => proxy.discardedBytes)
  proxy.passReplies()
}

test('what was not heard is found: the hole by the next event, and the last of a burst by comparing', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const connection = await nodes.connect()
  const [publisher, node] = [
    await nodes.backplane({}, broker.server),
    await nodes.backplane({ compareMs: 0, connection }),
  ]
  const publish = (data: unknown): Promise<string> => publisher.publish('news', { event: { data } })
  await publish(0)
  const heard = await Heard.of(node, 'news', 0)
  await publish(1)
  await heard.for(1)
  await deafTo(proxy, () => Promise.all(numbers(2, 50).map(publish)), connection)
  await publish(51)
  await heard.for(51)
  expect(heard.data).toEqual(numbers(1, 51))

  const comparing = await nodes.backplane({ compareMs: 50, timeoutMs: 500, connection })
  const other = await insist(() => Heard.of(comparing, 'news', 0))
  const quiet = await insist(() => Heard.of(comparing, 'quiet'))
  await deafTo(
    proxy,
    async () => {
      await publish(52)
      await publisher.publish('quiet', { event: { data: 'first' } })
      await publisher.publish('quiet', { end: true })
    },
    connection,
  )
  await other.for(52)
  await quiet.for('end')
  expect([other.data, quiet.data]).toEqual([[52], ['first', 'end']])
  expect([heard.gaps, other.gaps, quiet.gaps]).toEqual([0, 0, 0])
})

test('a bell that may have been missed is asked for again once, not with each comparison from then on', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const publisher = await nodes.backplane({}, broker.server)
  await publisher.publish('other', { event: { data: 0 } })
  const connection = await nodes.connect()
  const node = await nodes.backplane({ compareMs: 20, connection })
  const heard = await Heard.of(node, 'news')
  await publisher.publish('news', { event: { data: 1 } })
  await heard.for(1)
  const subscribe = jest.spyOn(connection, 'subscribe')
  proxy.cut()
  const { outMsgs } = connection.stats()
  await until(
    () => connection.stats().outMsgs > outMsgs + 50,
    () => 'comparisons',
  )
  expect(subscribe.mock.calls.length).toBeLessThan(2)
  await publisher.publish('news', { event: { data: 2 } })
  await heard.for(2)
  expect(heard.data).toEqual([1, 2])
})

test('what was missed and is gone by now is told as one gap', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes(proxy)
  const publisher = await nodes.backplane({ history: { maxEvents: 10 } }, broker.server)
  await publisher.publish('other', { event: { data: 0 } })
  const connection = await nodes.connect()
  const node = await nodes.backplane({ compareMs: 50, timeoutMs: 500, connection })
  const heard = await insist(() => Heard.of(node, 'news'))
  await deafTo(
    proxy,
    () => Promise.all(numbers(1, 30).map((data) => publisher.publish('news', { event: { data } }))),
    connection,
  )
  await heard.for(30)
  await publisher.publish('news', { event: { data: 31 } })
  await heard.for(31)
  expect(heard.data).toEqual(numbers(21, 31))
  expect(heard.gaps).toBe(1)
})

test('a channel whose events have all expired has missed nothing, and goes on', async () => {
  const nodes = broker.nodes()
  const { streams } = await jetstreamManager(await nodes.connect())
  // Made by somebody else, with an age that no test has to wait for; the backplane leaves it as it is.
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
  const [news, quiet] = [await Heard.of(node, 'news'), await Heard.of(node, 'quiet')]
  await node.publish('news', { event: { data: 1 } })
  await news.for(1)
  for (const data of numbers(2, 4)) {
    // Others are busy meanwhile, so that the stream moves on.
    await until(
      async () => {
        await node.publish('busy', { event: { data } })
        return (await streams.info(nodes.stream, { subjects_filter: `${prefix}.news.e` })).state.subjects === undefined
      },
      () => 'the event to expire',
    )
    await node.publish('news', { event: { data } })
    await news.for(data)
  }
  await node.publish('quiet', { event: { data: 'first' } })
  await quiet.for('first')
  expect(news.data).toEqual([1, 2, 3, 4])
  expect([news.gaps, quiet.gaps]).toEqual([0, 0])
})
