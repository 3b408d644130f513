import { afterEach, expect, test } from '@jest/globals'
import { type Backplane, memoryBackplane, SseManager } from '@ssekit/sse-core'
import type { ReceivedEvent } from '@ssekit/sse-testkit'
import { connect, until } from '../../from-python/test/serving.js'
import { app, type Database, type Order, serveOrders, vote, votes } from '../src/snapshot.js'

/** Holds something up, from `close()` to `open()`. */
class Gate {
  open = (): void => {}
  passing = Promise.resolve()

  close(): void {
    this.passing = new Promise((resolve) => {
      this.open = resolve
    })
  }
}

const loading = new Gate()
const subscribing = new Gate()

afterEach(() => {
  loading.open()
  subscribing.open()
})

/** A table. `all()` answers with the rows that there are when it is called, once the gate is open. */
class Table implements Database {
  readonly #rows = new Map<number, Order>()
  loads = 0

  async save({ id, status }: Omit<Order, 'version'>): Promise<Order> {
    const order = { id, status, version: (this.#rows.get(id)?.version ?? 0) + 1 }
    this.#rows.set(id, order)
    return order
  }

  async all(): Promise<Order[]> {
    this.loads += 1
    const rows = [...this.#rows.values()]
    await loading.passing
    return rows
  }
}

/** One process of several: its broker answers `subscribe()` once the gate is open. */
function nodeOn(shared: Backplane): Backplane {
  return {
    publish: (...args) => shared.publish(...args),
    subscribe: async (...args) => {
      await subscribing.passing
      return shared.subscribe(...args)
    },
    read: (...args) => shared.read(...args),
    close: async () => {},
  }
}

const parsed = ({ event, data }: ReceivedEvent): unknown => [event, JSON.parse(data)]
const order = (id: number, status: string, version = 1): unknown => ['order', { id, status, version }]

test('an event saved while the snapshot loads follows the snapshot', async () => {
  const table = new Table()
  const server = serveOrders(new SseManager(), table)
  await server.save({ id: 1, status: 'paid' })
  loading.close()
  const reader = await connect(server.app, '/orders')
  await until(() => table.loads === 1)
  await server.save({ id: 2, status: 'new' })
  loading.open()
  expect((await reader.take(2)).map(parsed)).toEqual([
    ['snapshot', [{ id: 1, status: 'paid', version: 1 }]],
    order(2, 'new'),
  ])
})

test('a client that reconnects gets the events that it missed, and no second snapshot', async () => {
  const table = new Table()
  const server = serveOrders(new SseManager(), table)
  await server.save({ id: 1, status: 'paid' })
  const reader = await connect(server.app, '/orders')
  await reader.take(1)
  reader.abort()
  await until(() => server.orders.subscriberCount === 0)
  await server.save({ id: 1, status: 'sent' })
  const back = await connect(server.app, '/orders', { 'Last-Event-ID': reader.lastEventId })
  expect((await back.take(1)).map(parsed)).toEqual([order(1, 'sent', 2)])
  expect(table.loads).toBe(1)
})

test('a client whose last event id is unknown gets a snapshot, and then only events that are newer', async () => {
  const server = serveOrders(new SseManager(), new Table())
  await server.save({ id: 1, status: 'paid' })
  await server.save({ id: 1, status: 'sent' })
  const reader = await connect(server.app, '/orders', { 'Last-Event-ID': 'from.before.a.restart' })
  await reader.take(1)
  await server.save({ id: 2, status: 'new' })
  await reader.take(1)
  expect(reader.events.map(parsed)).toEqual([['snapshot', [{ id: 1, status: 'sent', version: 2 }]], order(2, 'new')])
})

test('a client gets another snapshot if events are evicted while it waits for one', async () => {
  const table = new Table()
  const server = serveOrders(new SseManager({ history: { maxEvents: 1 } }), table)
  loading.close()
  const reader = await connect(server.app, '/orders')
  await until(() => table.loads === 1)
  for (const id of [1, 2, 3]) {
    await server.save({ id, status: 'new' })
    await new Promise((resolve) => setImmediate(resolve))
  }
  loading.open()
  const [first, second] = (await reader.take(2)).map(parsed)
  expect(first).toEqual(['snapshot', []])
  expect(second).toEqual(['snapshot', [1, 2, 3].map((id) => ({ id, status: 'new', version: 1 }))])
})

test('an event that another process broadcasts before the log is ready is in the snapshot', async () => {
  const shared = memoryBackplane()
  const table = new Table()
  const here = serveOrders(new SseManager({ backplane: nodeOn(shared) }), table)
  const there = serveOrders(new SseManager({ backplane: nodeOn(shared) }), table)
  subscribing.close()
  const reader = await connect(here.app, '/orders')
  await there.save({ id: 1, status: 'paid' })
  subscribing.open()
  await reader.take(1)
  await there.save({ id: 2, status: 'new' })
  await reader.take(1)
  expect(reader.events.map(parsed)).toEqual([['snapshot', [{ id: 1, status: 'paid', version: 1 }]], order(2, 'new')])
})

test('a state in the memory of one process and the events after it count each vote once', async () => {
  await vote('tea')
  // Votes in every microtask in which a stream may be starting.
  let left = 50
  const voteAgain = (): void => {
    left -= 1
    void vote('coffee')
    if (left > 0) queueMicrotask(voteAgain)
  }
  votes.on('subscribe', voteAgain)
  const reader = await connect(app, '/votes')
  await until(() => left <= 0)
  votes.off('subscribe', voteAgain)
  await vote('milk')
  await reader.until(({ events }) => events.at(-1)?.data === 'milk')
  const [snapshot, ...rest] = reader.events
  const tally: Record<string, number> = JSON.parse(snapshot?.data ?? '')
  for (const { data } of rest) tally[data] = (tally[data] ?? 0) + 1
  expect(tally).toEqual({ tea: 1, coffee: 50 - left, milk: 1 })
  reader.abort()
  await until(() => votes.subscriberCount === 0)
})
