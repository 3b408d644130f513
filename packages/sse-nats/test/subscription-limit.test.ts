import { fileURLToPath } from 'node:url'
import { expect, jest, test } from '@jest/globals'
import type { Subscription } from '@nats-io/transport-node'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { insist, settled, until } from './until.js'

const broker = sharedBroker({ args: ['-c', fileURLToPath(new URL('few-subscriptions.conf', import.meta.url))] })

/** How many subscriptions the servers of this file accept on a connection. */
const MAX_SUBSCRIPTIONS = 10

const REFUSED = {
  code: 'ERR_SSE_BACKPLANE',
  cause: expect.objectContaining({ message: 'maximum subscriptions exceeded' }),
}

test('a channel over the server’s subscription limit is rejected with its message, and others still work', async () => {
  const nodes = broker.nodes()
  // Comparisons are off, so that they find nothing.
  const [node, publisher] = [await nodes.backplane({ compareMs: 0 }), await nodes.backplane()]
  const channels = numbers(1, MAX_SUBSCRIPTIONS).map((n) => `channel-${n}`)
  const outcomes = await Promise.allSettled(channels.slice(0, 3).map((channel) => Received.of(node, channel)))
  for (const channel of channels.slice(3)) outcomes.push(...(await Promise.allSettled([Received.of(node, channel)])))
  const received = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  // The backplane needs two itself.
  expect(received).toHaveLength(MAX_SUBSCRIPTIONS - 2)
  for (const outcome of outcomes.slice(received.length))
    expect(outcome).toMatchObject({ status: 'rejected', reason: REFUSED })
  for (const channel of channels) await publisher.publish(channel, { event: { data: 1 } })
  for (const each of received) await each.until(1)

  received[0]?.unsubscribe()
  const late = await Received.of(node, 'late', 0)
  await publisher.publish('late', { event: { data: 2 } })
  await late.until(2)
  expect(late.data).toEqual([2])
})

test('a bell keeps working if subscribing to it again fails at the subscription limit', async () => {
  const proxy = await broker.proxy()
  const nodes = broker.nodes()
  const connection = await nodes.connect(proxy)
  const subscribe = jest.spyOn(connection, 'subscribe')
  const [node, publisher] = [await nodes.backplane({ connection, compareMs: 20 }), await nodes.backplane()]
  const received = await insist(() => Received.of(node, 'news'))
  const channels = numbers(2, MAX_SUBSCRIPTIONS - 2).map((n) => `channel-${n}`)
  for (const channel of channels) await insist(() => Received.of(node, channel))
  const bells = (): Subscription[] =>
    subscribe.mock.results
      .map(({ value }) => value as Subscription)
      .filter((each) => each.getSubject().includes('.news.'))
  const [first] = bells()
  await settled(() => connection.stats().inMsgs)
  proxy.discardReplies()
  await publisher.publish('news', { event: { data: 1 } })
  // While there is no reply, only one comparison is sent.
  await settled(() => proxy.discardedBytes)
  proxy.passReplies()
  await received.until(1)
  await until(
    () =>
      bells().length > 1 &&
      bells()
        .slice(1)
        .every((each) => each.isClosed()),
    () => 'another bell, which is refused',
  )
  expect(first?.isClosed()).toBe(false)
})
