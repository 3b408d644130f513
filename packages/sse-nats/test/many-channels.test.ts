import { expect, jest, test } from '@jest/globals'
import type { NatsConnection } from '@nats-io/transport-node'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'

jest.setTimeout(60_000)

const broker = sharedBroker()

/** Counts the searches for a channel's next event that the server has not answered; returns the most at any time. */
function mostSearches(connection: NatsConnection): () => number {
  const publish = connection.publish.bind(connection)
  const subscribe = connection.subscribe.bind(connection)
  const waiting = new Set<string>()
  let most = 0
  jest.spyOn(connection, 'publish').mockImplementation((subject, payload, options) => {
    if (String(payload).includes('next_by_subj') && options?.reply !== undefined) waiting.add(options.reply)
    most = Math.max(most, waiting.size)
    publish(subject, payload, options)
  })
  jest.spyOn(connection, 'subscribe').mockImplementation((subject, options) =>
    subscribe(subject, {
      ...options,
      callback: (error, message) => {
        waiting.delete(message.subject)
        options?.callback?.(error, message)
      },
    }),
  )
  return () => most
}

test('a process that subscribes to many channels at once reads the events of some at a time', async () => {
  const nodes = broker.nodes()
  const publisher = await nodes.backplane()
  const channels = numbers(1, 1_000).map((number) => `channel-${number}`)
  for (const data of numbers(1, 3)) {
    await Promise.all(channels.map((channel) => publisher.publish(channel, { event: { data } })))
  }
  const connection = await nodes.connect()
  const most = mostSearches(connection)
  const node = await nodes.backplane({ connection, timeoutMs: 30_000 })
  const received = await Promise.all(channels.map((channel) => Received.of(node, channel, 100)))
  for (const { data } of received) expect(data).toEqual([1, 2, 3])
  expect(most()).toBeLessThan(channels.length / 2)
})
