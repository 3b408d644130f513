import { expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { SseManager } from '@ssekit/sse-core'
import { Heard, numbers } from './heard.js'
import { sharedBroker } from './shared-broker.js'
import { until } from './until.js'

jest.setTimeout(60_000)

const broker = sharedBroker()

interface Orders extends Record<string, unknown> {
  order: { readonly total: number }
}

test('typed events and an end from a process that only publishes, which follows nothing', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const subscribe = jest.spyOn(connection, 'subscribe')
  const cron = new SseManager({ backplane: await nodes.backplane({ connection }) })
  const web = new SseManager({ backplane: await nodes.backplane() })
  const received: unknown[] = []
  const listening = (async () => {
    for await (const { event, data } of web.getOrCreate<Orders>('orders').listen({ rewind: 10 }))
      received.push([event, data])
  })()
  const orders = cron.getOrCreate<Orders>('orders')
  for (const total of numbers(1, 3)) await orders.broadcast({ event: 'order', data: { total } })
  await orders.end({ event: 'order', data: { total: 4 } })
  await listening
  expect(received).toEqual(numbers(1, 4).map((total) => ['order', { total }]))
  await expect(web.getOrCreate('orders').broadcast('late')).rejects.toMatchObject({ code: 'ERR_SSE_CLOSED' })
  await expect(orders.broadcast({ event: 'order', data: { total: 5 } })).rejects.toMatchObject({
    code: 'ERR_SSE_CLOSED',
  })
  // The answers come to one inbox.
  expect(subscribe.mock.calls.map(([subject]) => subject)).toEqual([expect.stringMatching(/^_INBOX\./)])
  await Promise.all([cron.close(), web.close()])
})

test('a thousand channels on one connection, each with its own events, and all given back', async () => {
  const nodes = broker.nodes()
  // A busy machine has a thousand answers to wait for.
  const timeoutMs = 30_000
  const [publisher, node] = [await nodes.backplane({ timeoutMs }), await nodes.backplane({ timeoutMs, compareMs: 200 })]
  const channels = numbers(1, 1_000).map((n) => `channel ${n}`)
  const heard = await Promise.all(channels.map((channel) => Heard.of(node, channel)))
  await Promise.all(channels.map((channel) => publisher.publish(channel, { event: { data: channel } })))
  for (const [index, each] of heard.entries()) await each.for(channels[index])
  expect(heard.map(({ data }) => data)).toEqual(channels.map((channel) => [channel]))
  for (const { unsubscribe } of heard) unsubscribe()
  await Promise.all(channels.map((channel) => publisher.publish(channel, { event: { data: 'later' } })))
  const again = await Heard.of(node, 'channel 1')
  expect(again.data).toEqual(['channel 1', 'later'])
  expect(heard.every(({ entries }) => entries.length === 1)).toBe(true)
})

test('what is read leaves nothing at the server', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane()
  const ids = await Promise.all(numbers(1, 50).map((data) => node.publish('news', { event: { data } })))
  expect((await Heard.of(node, 'news', 30)).ids).toEqual(ids.slice(-30))
  expect(await node.read('news', String(ids[9]), 100)).toHaveLength(40)
  expect(await node.read('news', 'nobody-knows', 100)).toBeUndefined()
  const { consumers } = await jetstreamManager(await nodes.connect())
  await until(
    async () => (await consumers.list(nodes.stream).next()).length === 0,
    () => 'consumers to be gone',
    // The server removes those that nobody uses, but not so soon.
    8_000,
  )
})

test('any program may publish an event as JSON; what is none is a gap, and the channel goes on', async () => {
  const nodes = broker.nodes()
  const errors: unknown[] = []
  const manager = new SseManager({ backplane: await nodes.backplane(), onError: (error) => errors.push(error) })
  const received: unknown[] = []
  const channel = manager.getOrCreate('news')
  const listening = (async () => {
    for await (const { event, data } of channel.listen()) if (received.push(event ?? data) === 4) break
  })()
  await channel.broadcast('ours')
  const connection = await nodes.connect()
  const subject = `${nodes.stream.toLowerCase()}.news.e`
  connection.publish(subject, '{"data":"theirs"}')
  connection.publish(subject, 'no JSON')
  await connection.flush()
  await channel.broadcast('ours again')
  await listening
  expect(received).toEqual(['ours', 'theirs', 'sse-gap', 'ours again'])
  expect(errors).toMatchObject([{ code: 'ERR_SSE_INVALID_EVENT' }])
  await manager.close()
})
