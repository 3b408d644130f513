import { afterEach, expect, jest, test } from '@jest/globals'
import { fakeIntervals } from '../../from-python/test/fake-time.js'
import { connect, isNews, nextData, until } from '../../from-python/test/serving.js'
import { app, channel, errors, load, manager, orders } from '../src/callbacks.js'

afterEach(() => {
  jest.useRealTimers()
})

test('one listener feeds a channel, and a client that reconnects gets what it missed', async () => {
  const before = await connect(app, '/orders')
  orders.emit('change', { id: 1, status: 'paid' })
  expect(await nextData(before, 1)).toEqual(['{"id":1,"status":"paid"}'])
  before.abort()
  await until(() => channel.subscriberCount === 0)
  orders.emit('change', { id: 1, status: 'sent' })
  const after = await connect(app, '/orders', { 'Last-Event-ID': before.lastEventId })
  expect(await nextData(after, 1)).toEqual(['{"id":1,"status":"sent"}'])
  expect(orders.listenerCount('change')).toBe(1)
})

test('a timer sends the current value every second, and is cleared when the client disconnects', async () => {
  fakeIntervals()
  const timers = jest.getTimerCount()
  const reader = await connect(app, '/load')
  jest.advanceTimersByTime(1_000)
  const [first] = await reader.take(1)
  expect([first?.event, first?.data]).toEqual(['load', '0.5'])
  load.now = 2
  jest.advanceTimersByTime(1_000)
  const [second] = await reader.take(1)
  expect([second?.event, second?.data]).toEqual(['load', '2'])
  expect(jest.getTimerCount()).toBeGreaterThan(timers)
  reader.abort()
  await until(() => jest.getTimerCount() === timers)
})

test('a generator on an EventEmitter sends its own events, and its listener is removed when the client disconnects', async () => {
  const reader = await connect(app, '/orders/7')
  expect(orders.listenerCount('change')).toBe(2)
  // In one turn: what comes while an event is sent is kept.
  for (const status of ['new', 'paid', 'sent']) {
    orders.emit('change', { id: 8, status })
    orders.emit('change', { id: 7, status })
  }
  const events = await reader.take(3, isNews)
  expect(events.map(({ event, data }) => [event, JSON.parse(data).status])).toEqual([
    ['order', 'new'],
    ['order', 'paid'],
    ['order', 'sent'],
  ])
  expect(reader.text).not.toContain('"id":8')
  reader.abort()
  await until(() => orders.listenerCount('change') === 1)
  await until(() => manager.stats().connections === 0)
  expect(errors).toEqual([])
})
