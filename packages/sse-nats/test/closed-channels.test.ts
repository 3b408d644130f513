import { expect, test } from '@jest/globals'
import { jetstreamManager } from '@nats-io/jetstream'
import type { Backplane } from '@ssekit/sse-core'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

const CLOSED = { code: 'ERR_SSE_CLOSED' }

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Publishes at various times, and resolves to the data that was accepted. */
async function publishSome(node: Backplane, channel: string, name: string): Promise<string[]> {
  const accepted: string[] = []
  const publish = async (n: number): Promise<void> => {
    // Some at once, others later.
    await turns(n % 7)
    await node.publish(channel, { event: { data: `${name}.${n}` } }).then(
      () => accepted.push(`${name}.${n}`),
      (error: unknown) => expect(error).toMatchObject(CLOSED),
    )
  }
  await Promise.all(numbers(1, 40).map(publish))
  return accepted
}

test('with concurrent events and an end from several processes, subscribers get exactly the accepted events', async () => {
  const nodes = broker.nodes()
  const [one, two, ender, listener] = [
    await nodes.backplane(),
    await nodes.backplane(),
    await nodes.backplane(),
    await nodes.backplane(),
  ]
  for (let round = 0; round < 20; round++) {
    const channel = `job-${round}`
    const received = await Received.of(listener, channel)
    const end = turns(round % 6).then(() => ender.publish(channel, { end: true }))
    const accepted = (await Promise.all([publishSome(one, channel, 'one'), publishSome(two, channel, 'two')])).flat()
    await end
    await received.until('end')
    const late = await Received.of(one, channel)
    for (const { data, gaps } of [received, late]) {
      expect(gaps).toBe(0)
      expect(data.at(-1)).toBe('end')
      expect(new Set(data)).toEqual(new Set([...accepted, 'end']))
      expect(data).toHaveLength(accepted.length + 1)
    }
  }
})

test('publishing to an ended channel does not evict its events', async () => {
  const nodes = broker.nodes()
  const [publisher, node] = [await nodes.backplane({ history: { maxEvents: 10 } }), await nodes.backplane()]
  const { streams } = await jetstreamManager(await nodes.connect())
  await Promise.all(numbers(1, 5).map((data) => node.publish('job', { event: { data } })))
  await node.publish('job', { end: true })
  for (const n of numbers(1, 30))
    await expect(publisher.publish('job', { event: { data: n } })).rejects.toMatchObject(CLOSED)
  // The first one was stored and rejected; from then on the publisher knew of the end.
  const { state } = await streams.info(nodes.stream)
  expect(state.messages).toBe(7)
  expect((await Received.of(publisher, 'job')).data).toEqual([1, 2, 3, 4, 5, 'end'])
})

test('a channel whose end has expired with its events can be used again', async () => {
  const nodes = broker.nodes()
  const [one, other] = [await nodes.backplane(), await nodes.backplane()]
  const { streams } = await jetstreamManager(await nodes.connect())
  await one.publish('job', { end: true })
  for (const node of [one, other])
    await expect(node.publish('job', { event: { data: 1 } })).rejects.toMatchObject(CLOSED)
  // As if they had expired.
  await streams.purge(nodes.stream)
  const received = await Received.of(other, 'job')
  await Promise.all(numbers(2, 5).map((data) => one.publish('job', { event: { data } })))
  await received.until(5)
  expect(received.data).toEqual(numbers(2, 5))
})
