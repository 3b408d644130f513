import { expect, test } from '@jest/globals'
import { headers, type MsgHdrs } from '@nats-io/transport-node'
import type { LogEntry } from '@ssekit/sse-core'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'

// Other programs publish to the stream's subjects, too.

const broker = sharedBroker()

function headersOf(fields: Readonly<Record<string, string>>): MsgHdrs {
  const result = headers()
  for (const [name, value] of Object.entries(fields)) result.append(name, value)
  return result
}

test('a message that was copied from a stream with the server’s headers is an event like any other', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ compareMs: 20, connection })
  const [news, other] = [await Received.of(node, 'news'), await Received.of(node, 'other')]
  const publish = async (data: unknown): Promise<void> => {
    for (const channel of ['other', 'news']) await node.publish(channel, { event: { data } })
  }
  await publish(1)
  const copied = headersOf({
    'Nats-Stream': 'ANOTHER',
    'Nats-Subject': 'another.news.e',
    'Nats-Sequence': '999999',
    'Nats-Last-Sequence': '0',
    'Nats-Time-Stamp': '2020-01-01T00:00:00Z',
    'Nats-Msg-Size': '1000000000',
  })
  connection.publish(`${nodes.stream.toLowerCase()}.news.e`, JSON.stringify({ data: 'copy' }), { headers: copied })
  await news.until('copy')
  for (const data of numbers(2, 10)) await publish(data)
  await Promise.all([news.until(10), other.until(10)])
  const all = [1, 'copy', ...numbers(2, 10)]
  expect([news.data, news.gaps, other.data, other.gaps]).toEqual([all, 0, numbers(1, 10), 0])
  for (const at of news.entries.map(({ at }) => at)) expect(Math.abs(at - Date.now())).toBeLessThan(60_000)
  // More than are read one by one, and as many as fit into the bytes.
  const entries: LogEntry[] = []
  const sink = { entry: (entry: LogEntry) => void entries.push(entry), gap: () => {} }
  const process = await nodes.backplane()
  await process.subscribe('news', { last: 100, maxBytes: 10_000 }, sink)
  expect(entries.map(({ id }) => id)).toEqual(news.ids)
  expect((await process.read('news', String(news.ids[0]), 100))?.map(({ id }) => id)).toEqual(news.ids.slice(1))
  // The copy itself is the newest event of a channel, and then the only one.
  connection.publish(`${nodes.stream.toLowerCase()}.copies.e`, JSON.stringify({ data: 'copy' }), { headers: copied })
  await connection.flush()
  const copies = await Received.of(node, 'copies')
  await node.publish('copies', { event: { data: 'after' } })
  await copies.until('after')
  expect([copies.data, copies.gaps]).toEqual([['copy', 'after'], 0])
})

test('an Ssekit-At that is no time counts as missing', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ connection })
  const received = await Received.of(node, 'news')
  await node.publish('news', { event: { data: 'first' } })
  for (const at of ['Infinity', '-1e300', '0', 'now']) {
    const subject = `${nodes.stream.toLowerCase()}.news.e`
    connection.publish(subject, JSON.stringify({ data: at }), { headers: headersOf({ 'Ssekit-At': at }) })
    await received.until(at)
  }
  const read = await Received.of(node, 'news')
  for (const { at } of [...received.entries, ...read.entries]) expect(Math.abs(at - Date.now())).toBeLessThan(60_000)
})
