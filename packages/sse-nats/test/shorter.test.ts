import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import type { Backplane } from '@ssekit/sse-core'
import { Heard, numbers } from './heard.js'
import type { Nodes } from './nodes.js'
import { sharedBroker } from './shared-broker.js'
import { insist } from './until.js'

const broker = sharedBroker()

// A stream that says that it was made when it was, and has not what it had: a server comes back with an older copy of its data.

/** Keeps a copy of the server's data as it is now; the function that it returns brings the server back with it. */
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

/** The id of the beginning of a channel. */
async function originOf(node: Backplane, channel: string): Promise<string> {
  const origins: string[] = []
  const sink = { entry: () => {}, gap: () => {}, origin: (id: string) => origins.push(id) }
  ;(await insist(() => node.subscribe(channel, { last: 0 }, sink)))()
  return String(origins.at(-1))
}

test('a stream that has lost its newest events is told by one gap, and all that it has follows', async () => {
  const nodes = broker.nodes()
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 50 })]
  const publish = publisherTo(publisher, 'news')
  const heard = await Heard.of(node, 'news')
  await inOrder(publish, numbers(1, 5))
  const bringBack = await copyOfData()
  const lost = await inOrder(publish, numbers(6, 20))
  const quiet = await insist(() => Heard.of(node, 'quiet'))
  await heard.for(20)
  await bringBack()
  const ids = await inOrder(publish, numbers(101, 105))
  await heard.for(105)
  expect(heard.data).toEqual([...numbers(1, 20), ...numbers(1, 5), ...numbers(101, 105)])
  await publisherTo(publisher, 'quiet')('first')
  await quiet.for('first')
  expect([heard.gaps, quiet.gaps]).toEqual([1, 1])
  for (const id of lost) expect([id, await publisher.read('news', id, 10)]).toEqual([id, undefined])
  expect(await publisher.read('news', String(ids[1]), 10)).toHaveLength(3)
})

interface Loss {
  /** Events that the stream keeps. */
  readonly before: readonly number[]
  /** Events that it loses. */
  readonly lost: readonly number[]
  /** Those that it gets then, and how many of another channel. */
  readonly after: readonly number[]
  readonly others: number
}

/** What of a channel a node hears that is away while the stream loses its newest events and gets as many others. */
async function heardOf(nodes: Nodes, { before, lost, after, others }: Loss): Promise<Heard> {
  const proxy = await broker.proxy()
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 50 }, proxy)]
  const publish = publisherTo(publisher, 'news')
  await publisherTo(publisher, 'other')(0)
  await inOrder(publish, before)
  const bringBack = await copyOfData()
  await inOrder(publisherTo(publisher, 'other'), numbers(1, 3))
  const heard = await insist(() => Heard.of(node, 'news'))
  await inOrder(publish, lost)
  for (const data of [...before, ...lost]) await heard.for(data)
  proxy.refuse()
  proxy.cut()
  await bringBack()
  await inOrder(publish, after)
  await inOrder(publisherTo(publisher, 'other'), numbers(1, others))
  proxy.accept()
  await heard.for(after.at(-1))
  return heard
}

test.each([
  ['where the node’s newest event was', { before: [1, 2], lost: [3, 4], after: numbers(101, 110), others: 0 }],
  ['before that', { before: [1, 2], lost: [3, 4], after: [101], others: 10 }],
  ['where there was none yet', { before: [], lost: [], after: numbers(101, 110), others: 0 }],
])('and so it is if others are %s', async (_where, loss) => {
  const heard = await heardOf(broker.nodes(), loss)
  expect(heard.gaps).toBe(1)
  const { before, lost, after } = loss
  expect(heard.data).toEqual([...before, ...lost, ...before, ...after])
})

test('ids of the beginning are unknown to a stream that has other events there', async () => {
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
  // Shorter, with events and without, and longer.
  expect(await insist(() => node.read('news', news, 30))).toBeUndefined()
  for (const data of numbers(1, 2)) {
    await inOrder(publisherTo(node, 'news'), numbers(1, 6 * data))
    for (const other of [node, await nodes.backplane()]) expect(await other.read('news', news, 30)).toBeUndefined()
  }
  // Of the one that was not lost the place is right.
  expect(await node.read('half', half, 10)).toEqual([])
})

test('what somebody has removed while a node was away is told by a gap', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes()
  const [publisher, node] = [await nodes.backplane(), await nodes.backplane({ compareMs: 50 }, proxy)]
  const { streams } = await jetstreamManager(await nodes.connect())
  await publisherTo(publisher, 'older')(0)
  await streams.update(nodes.stream, { max_msgs_per_subject: 5 })
  const heard = [await Heard.of(node, 'purged'), await Heard.of(node, 'raised')]
  for (const channel of ['purged', 'raised']) await inOrder(publisherTo(publisher, channel), numbers(1, 2))
  for (const each of heard) await each.for(2)
  heard.push(await Heard.of(node, 'begun'))
  proxy.refuse()
  proxy.cut()
  for (const channel of ['purged', 'raised', 'begun']) await inOrder(publisherTo(publisher, channel), numbers(3, 20))
  await streams.purge(nodes.stream, { filter: `${nodes.stream.toLowerCase()}.purged.e` })
  await streams.update(nodes.stream, { max_msgs_per_subject: 1_000 })
  for (const channel of ['purged', 'raised', 'begun']) await publisherTo(publisher, channel)(21)
  proxy.accept()
  for (const each of heard) await each.for(21)
  expect(heard.map(({ data, gaps }) => [data, gaps])).toEqual([
    [[1, 2, 21], 1],
    [[1, 2, ...numbers(16, 21)], 1],
    [numbers(16, 21), 1],
  ])
})

test('and who heard all of it has missed nothing by that', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane({ compareMs: 20 })
  const connection = await nodes.connect()
  const { streams } = await jetstreamManager(connection)
  await publisherTo(node, 'older')(0)
  const heard = await Heard.of(node, 'news')
  const publish = publisherTo(node, 'news')
  await inOrder(publish, numbers(1, 3))
  await heard.for(3)
  await streams.purge(nodes.stream, { filter: `${nodes.stream.toLowerCase()}.news.e` })
  await inOrder(publisherTo(node, 'older'), numbers(1, 3))
  await inOrder(publish, numbers(4, 6))
  await heard.for(6)
  expect([heard.data, heard.gaps]).toEqual([numbers(1, 6), 0])
})
