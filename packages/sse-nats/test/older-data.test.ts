import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import type { Backplane } from '@ssekit/sse-core'
import type { Nodes } from './nodes.js'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { insist } from './until.js'

const broker = sharedBroker()

// A server is restarted with an older copy of its data: the stream has the same creation time, and lacks its newest events.

/** Copies the server's current data; the returned function restarts the server with that copy. */
async function copyOfData(): Promise<() => Promise<void>> {
  const { folder } = broker.server
  const [data, copy] = [join(folder, 'data'), join(folder, 'copy')]
  await broker.server.kill()
  cpSync(data, copy, { recursive: true })
  await broker.server.restart()
  return async () => {
    await broker.server.kill()
    rmSync(data, { recursive: true })
    cpSync(copy, data, { recursive: true })
    rmSync(copy, { recursive: true })
    await broker.server.restart()
  }
}

function publisherTo(node: Backplane, channel: string): (data: unknown) => Promise<string> {
  return (data) => insist(() => node.publish(channel, { event: { data } }))
}

async function inOrder(publish: (data: unknown) => Promise<string>, all: readonly unknown[]): Promise<string[]> {
  const ids: string[] = []
  for (const data of all) ids.push(await publish(data))
  return ids
}

/** The id of the beginning of a channel, before its first event. */
async function originOf(node: Backplane, channel: string): Promise<string> {
  const origins: string[] = []
  const sink = { entry: () => {}, gap: () => {}, origin: (id: string) => origins.push(id) }
  ;(await insist(() => node.subscribe(channel, { last: 0 }, sink)))()
  return String(origins.at(-1))
}

test('if a stream has lost its newest events, subscribers get one gap and then all events that it has', async () => {
  const nodes = broker.nodes()
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 50 })]
  const publish = publisherTo(publisher, 'news')
  const received = await Received.of(node, 'news')
  await inOrder(publish, numbers(1, 5))
  const bringBack = await copyOfData()
  const lost = await inOrder(publish, numbers(6, 20))
  const quiet = await insist(() => Received.of(node, 'quiet'))
  await received.until(20)
  await bringBack()
  const ids = await inOrder(publish, numbers(101, 105))
  await received.until(105)
  expect(received.data).toEqual([...numbers(1, 20), ...numbers(1, 5), ...numbers(101, 105)])
  await publisherTo(publisher, 'quiet')('first')
  await quiet.until('first')
  expect([received.gaps, quiet.gaps]).toEqual([1, 1])
  for (const id of lost) expect([id, await publisher.read('news', id, 10)]).toEqual([id, undefined])
  expect(await publisher.read('news', String(ids[1]), 10)).toHaveLength(3)
})

interface Loss {
  /** Events that the stream retains. */
  readonly before: readonly number[]
  /** Events that it loses. */
  readonly lost: readonly number[]
  /** Events that are published after the loss, and how many on another channel. */
  readonly after: readonly number[]
  readonly others: number
}

/** What a node receives that is cut off while the stream loses its newest events and gets others. */
async function receivedOf(nodes: Nodes, { before, lost, after, others }: Loss): Promise<Received> {
  const proxy = await broker.proxy()
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 50 }, proxy)]
  const publish = publisherTo(publisher, 'news')
  await publisherTo(publisher, 'other')(0)
  await inOrder(publish, before)
  const bringBack = await copyOfData()
  await inOrder(publisherTo(publisher, 'other'), numbers(1, 3))
  const received = await insist(() => Received.of(node, 'news'))
  await inOrder(publish, lost)
  for (const data of [...before, ...lost]) await received.until(data)
  proxy.refuse()
  proxy.cut()
  await bringBack()
  await inOrder(publish, after)
  await inOrder(publisherTo(publisher, 'other'), numbers(1, others))
  proxy.accept()
  await received.until(after.at(-1))
  return received
}

test.each([
  ['at its newest position', { before: [1, 2], lost: [3, 4], after: numbers(101, 110), others: 0 }],
  ['before its newest position', { before: [1, 2], lost: [3, 4], after: [101], others: 10 }],
  ['on a channel without events', { before: [], lost: [], after: numbers(101, 110), others: 0 }],
])('a node gets one gap and then all events if others were stored %s while it was cut off', async (_where, loss) => {
  const received = await receivedOf(broker.nodes(), loss)
  expect(received.gaps).toBe(1)
  const { before, lost, after } = loss
  expect(received.data).toEqual([...before, ...lost, ...before, ...after])
})

test('the id of the beginning of a channel is unknown if the stream lost the events before it', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane()
  const publishOther = publisherTo(node, 'other')
  await publishOther(0)
  await publisherTo(node, 'half')(0)
  const bringBack = await copyOfData()
  await inOrder(publishOther, numbers(1, 10))
  const [news, half] = [await originOf(node, 'news'), await originOf(node, 'half')]
  expect(await node.read('news', news, 10)).toEqual([])
  await bringBack()
  // While the stream is shorter than before, and when it is longer.
  expect(await insist(() => node.read('news', news, 30))).toBeUndefined()
  for (const data of numbers(1, 2)) {
    await inOrder(publisherTo(node, 'news'), numbers(1, 6 * data))
    for (const other of [node, await nodes.backplane()]) expect(await other.read('news', news, 30)).toBeUndefined()
  }
  // The position of this channel was not lost.
  expect(await node.read('half', half, 10)).toEqual([])
})

test('a node that was cut off gets a gap for events that were removed meanwhile', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes()
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 50 }, proxy)]
  const { streams } = await jetstreamManager(await nodes.connect())
  await publisherTo(publisher, 'older')(0)
  await streams.update(nodes.stream, { max_msgs_per_subject: 5 })
  const received = [await Received.of(node, 'purged'), await Received.of(node, 'raised')]
  for (const channel of ['purged', 'raised']) await inOrder(publisherTo(publisher, channel), numbers(1, 2))
  for (const each of received) await each.until(2)
  received.push(await Received.of(node, 'begun'))
  proxy.refuse()
  proxy.cut()
  for (const channel of ['purged', 'raised', 'begun']) await inOrder(publisherTo(publisher, channel), numbers(3, 20))
  await streams.purge(nodes.stream, { filter: `${nodes.stream.toLowerCase()}.purged.e` })
  await streams.update(nodes.stream, { max_msgs_per_subject: 1_000 })
  for (const channel of ['purged', 'raised', 'begun']) await publisherTo(publisher, channel)(21)
  proxy.accept()
  for (const each of received) await each.until(21)
  expect(received.map(({ data, gaps }) => [data, gaps])).toEqual([
    [[1, 2, 21], 1],
    [[1, 2, ...numbers(16, 21)], 1],
    [numbers(16, 21), 1],
  ])
})

test('a node gets no gap for removed events that it has received', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane({ compareMs: 20 })
  const connection = await nodes.connect()
  const { streams } = await jetstreamManager(connection)
  await publisherTo(node, 'older')(0)
  const received = await Received.of(node, 'news')
  const publish = publisherTo(node, 'news')
  await inOrder(publish, numbers(1, 3))
  await received.until(3)
  await streams.purge(nodes.stream, { filter: `${nodes.stream.toLowerCase()}.news.e` })
  await inOrder(publisherTo(node, 'older'), numbers(1, 3))
  await inOrder(publish, numbers(4, 6))
  await received.until(6)
  expect([received.data, received.gaps]).toEqual([numbers(1, 6), 0])
})
