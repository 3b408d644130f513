import { expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

test('ids of a deleted stream are unknown to its successor, even though sequences begin again', async () => {
  const nodes = broker.nodes()
  const { streams } = await jetstreamManager(await nodes.connect())
  const [one, other] = [await nodes.backplane(), await nodes.backplane()]
  const origins: string[] = []
  const remember = { entry: () => {}, gap: () => {}, origin: (id: string) => origins.push(id) }
  ;(await one.subscribe('news', { last: 0 }, remember))()
  const publish = async (): Promise<string[]> =>
    Promise.all(numbers(1, 5).map((data) => one.publish('news', { event: { data } })))
  const former = await publish()
  ;(await one.subscribe('news', { last: 3 }, remember))()
  expect(await other.read('news', String(origins[0]), 10)).toHaveLength(5)
  expect(await other.read('news', String(origins[1]), 10)).toHaveLength(3)
  await streams.delete(nodes.stream)
  const later = await publish()
  for (const id of [...former, ...origins]) {
    for (const node of [one, other]) expect([id, await node.read('news', id, 10)]).toEqual([id, undefined])
  }
  expect(await other.read('news', String(later[2]), 10)).toHaveLength(2)
})

test('subscribers get one gap if the stream is deleted and created again, even without a lost connection', async () => {
  const nodes = broker.nodes()
  const { streams } = await jetstreamManager(await nodes.connect())
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 50 })]
  const publish = (data: unknown): Promise<string> => publisher.publish('news', { event: { data } })
  const received = [await Received.of(node, 'news'), await Received.of(node, 'quiet')]
  await Promise.all(numbers(1, 5).map(publish))
  await received[0]?.until(5)
  await streams.delete(nodes.stream)
  await Promise.all(numbers(6, 20).map(publish))
  await publisher.publish('quiet', { event: { data: 20 } })
  for (const each of received) await each.until(20)
  expect(received.map(({ data, gaps }) => [data, gaps])).toEqual([
    [numbers(1, 20), 1],
    [[20], 1],
  ])
})

test('the id of the beginning of a channel is known on every node until a later event is evicted', async () => {
  const nodes = broker.nodes()
  const history = { maxEvents: 10 }
  const [one, other] = [await nodes.backplane({ history }), await nodes.backplane()]
  const origins: string[] = []
  const unsubscribe = await one.subscribe(
    'news',
    { last: 0 },
    { entry: () => {}, gap: () => {}, origin: (id) => origins.push(id) },
  )
  unsubscribe()
  const [origin] = origins
  await one.publish('other', { event: { data: 'something else' } })
  expect(await other.read('news', String(origin), 20)).toEqual([])
  for (const data of numbers(1, 9)) await one.publish('news', { event: { data } })
  expect(await other.read('news', String(origin), 20)).toHaveLength(9)
  for (const data of numbers(10, 11)) await one.publish('news', { event: { data } })
  expect(await other.read('news', String(origin), 20)).toBeUndefined()
})
