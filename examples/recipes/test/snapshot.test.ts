import { expect, test } from '@jest/globals'
import { connect, isNews, until } from '../../from-python/test/serving.js'
import { app, orders, save, table } from '../src/snapshot.js'

test('an event saved while the snapshot loads follows it, and a client that reconnects gets no second snapshot', async () => {
  await save({ id: 1, status: 'paid' })
  let loaded = (): void => {}
  table.loading = new Promise((resolve) => {
    loaded = resolve
  })
  const connecting = connect(app, '/orders')
  await until(() => table.loads === 1)
  await save({ id: 2, status: 'new' })
  loaded()
  const reader = await connecting
  expect((await reader.take(2, isNews)).map(({ event, data }) => [event, JSON.parse(data)])).toEqual([
    ['snapshot', [{ id: 1, status: 'paid' }]],
    ['order', { id: 2, status: 'new' }],
  ])
  reader.abort()
  await until(() => orders.subscriberCount === 0)
  await save({ id: 1, status: 'sent' })
  const back = await connect(app, '/orders', { 'Last-Event-ID': reader.lastEventId })
  const [first] = await back.take(1, isNews)
  expect([first?.event, first?.data]).toEqual(['order', '{"id":1,"status":"sent"}'])
  expect(table.loads).toBe(1)
})
