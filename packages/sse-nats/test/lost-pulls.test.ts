import { describe, expect, jest, test } from '@jest/globals'
import type { NatsConnection } from '@nats-io/transport-node'
import type { StoredMessage } from '../src/messages.js'
import { resolveOptions } from '../src/options.js'
import { readRange } from '../src/read-range.js'
import { Stream } from '../src/stream.js'
import { Subjects } from '../src/subjects.js'
import { numbers } from './received.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

// A server that handles a pull too late drops it, and older ones do so silently. Here the connection loses the pull, or the
// rest of its messages.

/** Calls a function for each pull, which decides whether it is sent to the server. */
function onPull(connection: NatsConnection, isSent: () => boolean): void {
  const publish = connection.publish.bind(connection)
  jest.spyOn(connection, 'publish').mockImplementation((subject, ...rest) => {
    if (!subject.includes('CONSUMER.MSG.NEXT') || isSent()) publish(subject, ...rest)
  })
}

test('a read repeats a pull that the server has dropped', async () => {
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

/** Calls a function for each message that answers a pull, in order, which passes it on or drops it. */
function onDelivery(connection: NatsConnection, deliver: (pass: () => void) => void): void {
  const subscribe = connection.subscribe.bind(connection)
  jest.spyOn(connection, 'subscribe').mockImplementation((subject, { callback, ...options } = {}) =>
    subscribe(subject, {
      ...options,
      callback: (error, message) => {
        const pass = (): void => void callback?.(error, message)
        // All other inboxes are for replies to many requests.
        if (subject.startsWith('_INBOX.') && !subject.endsWith('*')) deliver(pass)
        else pass()
      },
    }),
  )
}

test.each([
  // The first pull is for 2 000.
  ['stops halfway', 2_000],
  ['has a hole', 110],
])('a read repeats a pull that %s, from the last message received', async (_how, last) => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ connection, timeoutMs: 30_000, history: { maxEvents: 10_000 } })
  const [first] = await Promise.all(numbers(0, 5_000).map((data) => node.publish('news', { event: { data } })))
  let received = 0
  onDelivery(connection, (pass) => {
    received += 1
    if (received < 100 || received > last) pass()
  })
  const entries = await node.read('news', first as string, 5_000)
  expect(entries?.map((entry) => 'event' in entry && entry.event.data)).toEqual(numbers(1, 5_000))
  expect(received).toBeGreaterThan(4_900)
})

test('a read drops messages before its start, as from a consumer on a replica that lags behind', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ connection })
  const ids = await Promise.all(numbers(0, 100).map((data) => node.publish('news', { event: { data } })))
  const request = connection.request.bind(connection)
  const begin = jest.spyOn(connection, 'request').mockImplementation((subject, payload, options) => {
    if (!subject.includes('.CONSUMER.CREATE.')) return request(subject, payload, options)
    const { config, ...rest } = JSON.parse(Buffer.from(payload ?? '').toString())
    return request(subject, JSON.stringify({ ...rest, config: { ...config, opt_start_seq: 3 } }), options)
  })
  const entries = await node.read('news', ids[50] as string, 100)
  expect(entries?.map((entry) => 'event' in entry && entry.event.data)).toEqual(numbers(51, 100))
  expect(begin.mock.calls.map(([subject]) => subject)).toContainEqual(expect.stringContaining('.CONSUMER.CREATE.'))
})

test('a read waits for a server that answers slowly', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const node = await nodes.backplane({ connection, timeoutMs: 30_000 })
  const [first] = await Promise.all(numbers(0, 100).map((data) => node.publish('news', { event: { data } })))
  onDelivery(connection, (pass) => setTimeout(pass, 1_700))
  const entries = await node.read('news', first as string, 100)
  expect(entries?.map((entry) => 'event' in entry && entry.event.data)).toEqual(numbers(1, 100))
})

describe('reading a range', () => {
  /** Reads a stream with events of these sizes, from the first to a sequence. */
  async function sequencesOf(sizes: readonly number[], newest: number, maxBytes: number): Promise<number[]> {
    const nodes = broker.nodes()
    const connection = await nodes.connect()
    const node = await nodes.backplane({ connection })
    for (const size of sizes) await node.publish('news', { event: { data: 'x'.repeat(size) } })
    const prefix = nodes.stream.toLowerCase()
    const stream = new Stream(
      connection,
      new Subjects(prefix),
      resolveOptions({ connection, stream: nodes.stream }),
      () => {},
    )
    const sequences: number[] = []
    const take = (messages: readonly StoredMessage[]): boolean => {
      sequences.push(...messages.map(({ sequence }) => sequence))
      return false
    }
    const subject = new Subjects(prefix).events('news')
    await readRange(stream, { subject, from: 1, newest, headersOnly: false, batch: 10, maxBytes, take })
    stream.inbox.close()
    return sequences
  }

  test('includes messages that are larger than maxBytes', async () => {
    expect(await sequencesOf([10, 10, 5_000, 10, 5_000, 5_000, 10], 7, 2_000)).toEqual(numbers(1, 7))
  })

  test('ends early if the remaining messages no longer exist', async () => {
    expect(await sequencesOf([10, 10, 10], 20, 2_000)).toEqual(numbers(1, 3))
  })
})
