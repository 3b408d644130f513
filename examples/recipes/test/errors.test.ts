import { beforeEach, expect, test } from '@jest/globals'
import { connect, serve, until } from '../../from-python/test/serving.js'
import { app, failures } from '../src/errors.js'

beforeEach(() => {
  failures.length = 0
})

test('an error before the response headers is answered by the error handler, and does not reach onError', async () => {
  const response = await fetch(`${await serve(app)}/reports/missing`)
  expect([response.status, await response.json()]).toEqual([404, { error: 'no report' }])
  expect(failures).toEqual([])
})

test('an error after the response headers is sent as a failed event without details, and reaches onError', async () => {
  const reader = await connect(app, '/reports/broken')
  expect(await reader.end()).toBe('complete')
  expect(reader.events.map(({ event, data }) => [event, data])).toEqual([
    ['row', '{"id":"broken","row":1}'],
    ['failed', 'the report broke off'],
  ])
  await until(() => failures.length === 1)
  expect(String(failures)).toContain('the disk is full')
})

test('a report that is read to its end causes no error', async () => {
  const reader = await connect(app, '/reports/7')
  expect(await reader.end()).toBe('complete')
  expect(reader.events.at(-1)?.event).toBe('done')
  expect(failures).toEqual([])
})
