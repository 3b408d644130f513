import { describe, expect, jest, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import { type Backplane, type ListenOptions, type SseChannel, SseManager } from '@ssekit/sse-core'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { until } from './until.js'

jest.setTimeout(60_000)

const broker = sharedBroker()

interface Orders extends Record<string, unknown> {
  order: { readonly total: number }
}

test('a process that only publishes sends typed events and an end, and subscribes only to its inbox', async () => {
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
  // Its only subscription is the inbox for replies.
  expect(subscribe.mock.calls.map(([subject]) => subject)).toEqual([expect.stringMatching(/^_INBOX\./)])
  await Promise.all([cron.close(), web.close()])
})

describe.each([
  ['behind', -1],
  ['ahead', 1],
])('a clock that is six minutes %s', (_where, sign) => {
  const skewMs = sign * 6 * 60_000

  /** Takes the next events of a listener, including gaps. */
  const next = async (count: number, channel: SseChannel, options: ListenOptions): Promise<unknown[]> => {
    const received: unknown[] = []
    for await (const { event, data } of channel.listen(options)) if (received.push(event ?? data) === count) break
    return received
  }

  /** Publishes events with their own ids, at the time of this clock. */
  const publish = async (backplane: Backplane, clock: () => number): Promise<void> => {
    for (const data of numbers(1, 4)) {
      const now = jest.spyOn(Date, 'now').mockImplementation(clock)
      const published = backplane.publish('news', { event: { id: `own-${data}`, data } })
      now.mockRestore()
      await published
    }
  }

  test('of a publisher does not matter: all readers report the same time, the server’s if it provides it', async () => {
    const nodes = broker.nodes()
    const [publisher, node] = [await nodes.backplane(), await nodes.backplane()]
    const received = await Received.of(node, 'news')
    const before = Date.now()
    await publish(publisher, () => before + skewMs)
    await received.until(4)
    const times = received.entries.map(({ at }) => at)
    expect((await Received.of(publisher, 'news')).entries.map(({ at }) => at)).toEqual(times)
    expect((await node.read('news', 'own-1', 10))?.map(({ at }) => at)).toEqual(times.slice(1))
    const { version = '' } = (await nodes.connect()).info ?? {}
    const isSaid = !version.startsWith('2.9.')
    for (const at of times) expect(Math.abs(at - before - (isSaid ? 0 : skewMs))).toBeLessThan(60_000)
  })

  test('of a reader does not make it evict recent events', async () => {
    const nodes = broker.nodes()
    const { version = '' } = (await nodes.connect()).info ?? {}
    const real = Date.now
    const publisher = await nodes.backplane()
    await publish(publisher, version.startsWith('2.9.') ? () => real() + skewMs : real)
    const now = jest.spyOn(Date, 'now').mockImplementation(() => real() + skewMs)
    try {
      const manager = new SseManager({ backplane: await nodes.backplane() })
      const channel = manager.getOrCreate('news')
      expect(await next(4, channel, { rewind: 10 })).toEqual(numbers(1, 4))
      expect(await next(2, channel, { lastEventId: 'own-2' })).toEqual([3, 4])
      await manager.close()
    } finally {
      now.mockRestore()
    }
  })
})

test('a thousand channels on one connection each get their own events, until they unsubscribe', async () => {
  const nodes = broker.nodes()
  // A busy machine may take long for a thousand replies.
  const timeoutMs = 30_000
  const [publisher, node] = [await nodes.backplane({ timeoutMs }), await nodes.backplane({ timeoutMs, compareMs: 200 })]
  const channels = numbers(1, 1_000).map((n) => `channel ${n}`)
  const received = await Promise.all(channels.map((channel) => Received.of(node, channel)))
  await Promise.all(channels.map((channel) => publisher.publish(channel, { event: { data: channel } })))
  for (const [index, each] of received.entries()) await each.until(channels[index])
  expect(received.map(({ data }) => data)).toEqual(channels.map((channel) => [channel]))
  for (const { unsubscribe } of received) unsubscribe()
  await Promise.all(channels.map((channel) => publisher.publish(channel, { event: { data: 'later' } })))
  const again = await Received.of(node, 'channel 1')
  expect(again.data).toEqual(['channel 1', 'later'])
  expect(received.every(({ entries }) => entries.length === 1)).toBe(true)
})

test('read() leaves no consumers at the server', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane()
  const ids = await Promise.all(numbers(1, 50).map((data) => node.publish('news', { event: { data } })))
  expect((await Received.of(node, 'news', 30)).ids).toEqual(ids.slice(-30))
  expect(await node.read('news', String(ids[9]), 100)).toHaveLength(40)
  expect(await node.read('news', 'nobody-knows', 100)).toBeUndefined()
  const { consumers } = await jetstreamManager(await nodes.connect())
  await until(
    async () => (await consumers.list(nodes.stream).next()).length === 0,
    () => 'consumers to be removed',
    // The server removes unused ones itself, but later than this.
    8_000,
  )
})

test('any program can publish an event as JSON; an invalid one causes a gap, and the channel continues', async () => {
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
