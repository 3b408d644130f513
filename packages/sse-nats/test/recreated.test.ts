import { expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { Heard, numbers } from './heard.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

test('ids of a stream that was made anew are unknown, though its sequences begin again', async () => {
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

test('who follows a channel is told of a new stream by one gap, without any connection being lost', async () => {
  const nodes = broker.nodes()
  const { streams } = await jetstreamManager(await nodes.connect())
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 50 })]
  const publish = (data: unknown): Promise<string> => publisher.publish('news', { event: { data } })
  const heard = [await Heard.of(node, 'news'), await Heard.of(node, 'quiet')]
  await Promise.all(numbers(1, 5).map(publish))
  await heard[0]?.for(5)
  await streams.delete(nodes.stream)
  await Promise.all(numbers(6, 20).map(publish))
  await publisher.publish('quiet', { event: { data: 20 } })
  for (const each of heard) await each.for(20)
  expect(heard.map(({ data, gaps }) => [data, gaps])).toEqual([
    [numbers(1, 20), 1],
    [[20], 1],
  ])
})

test('an id of the beginning is known on every node until something of what followed is gone', async () => {
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
