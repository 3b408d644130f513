import { expect, test } from '@jest/globals'
import { connect, isNews, nextData, serve } from '../../from-python/test/serving.js'
import { app } from '../src/express-sse.js'

test('every connection begins with the current state and gets later events as JSON, but no replay', async () => {
  const before = await connect(app, '/stream')
  expect(await nextData(before, 1)).toEqual(['{"total":0}'])
  // The position in the log, so that nothing is sent before the client reads it.
  await before.take(1, ({ event }) => event === 'sse-checkpoint')
  expect((await fetch(`${await serve(app)}/add`, { method: 'POST' })).status).toBe(204)
  expect((await before.take(3, isNews)).map(({ event, data }) => [event, data])).toEqual([
    ['total', '{"total":1}'],
    ['message', '"one"'],
    ['message', '"more"'],
  ])
  const first = before.events.find(({ event }) => event === 'total')
  const after = await connect(app, '/stream', { 'Last-Event-ID': first?.id ?? '' })
  await after.take(1, ({ event }) => event === 'sse-checkpoint')
  expect(after.events.filter(isNews).map(({ data }) => data)).toEqual(['{"total":1}'])
  expect(after.text).not.toContain('sse-gap')
})
