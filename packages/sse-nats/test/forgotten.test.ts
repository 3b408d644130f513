import { expect, jest, test } from '@jest/globals'
import type { NatsConnection } from '@nats-io/transport-node'
import { numbers } from './heard.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

// A server that comes to a pull too late drops it, and older ones say nothing. Here the connection loses the pull, or the rest of
// what is sent for it.

/** Calls a function for each pull, which says whether the server hears of it. */
function onPull(connection: NatsConnection, hears: () => boolean): void {
  const publish = connection.publish.bind(connection)
  jest.spyOn(connection, 'publish').mockImplementation((subject, ...rest) => {
    if (!subject.includes('CONSUMER.MSG.NEXT') || hears()) publish(subject, ...rest)
  })
}

test('a pull that the server forgets is made again', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ connection, timeoutMs: 30_000, history: { maxEvents: 10_000 } })
  const [first] = await Promise.all(numbers(0, 5_000).map((data) => node.publish('news', { event: { data } })))
  let pulls = 0
  onPull(connection, () => {
    pulls += 1
    return pulls !== 1 && pulls !== 3
  })
  const entries = await node.read('news', first as string, 5_000)
  expect(entries?.map((entry) => 'event' in entry && entry.event.data)).toEqual(numbers(1, 5_000))
  expect(pulls).toBeGreaterThan(3)
})

test('and so is one that it forgets halfway, from where it was', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ connection, timeoutMs: 30_000, history: { maxEvents: 10_000 } })
  const [first] = await Promise.all(numbers(0, 5_000).map((data) => node.publish('news', { event: { data } })))
  let heard = 0
  const subscribe = connection.subscribe.bind(connection)
  jest.spyOn(connection, 'subscribe').mockImplementation((subject, { callback, ...options } = {}) =>
    subscribe(subject, {
      ...options,
      callback: (error, message) => {
        // What a consumer sends says where to acknowledge it. The first pull is for 2 000.
        if (message.reply?.startsWith('$JS.ACK')) heard += 1
        if (heard < 100 || heard > 2_000) callback?.(error, message)
      },
    }),
  )
  const entries = await node.read('news', first as string, 5_000)
  expect(entries?.map((entry) => 'event' in entry && entry.event.data)).toEqual(numbers(1, 5_000))
  expect(heard).toBeGreaterThan(5_000)
})
