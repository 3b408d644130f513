import { createServer } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { type EventReader, readEvents } from '@ssekit/sse-testkit'
import { listen } from '../src/listen.js'
import { hurry } from './hurry.js'
import { connect, isNews, until } from './serving.js'

hurry(100)
const { app: clients, broadcast, channel } = await import('../src/aiohttp/clients.js')
const { app: five } = await import('../src/aiohttp/five-events.js')
const { app: format } = await import('../src/aiohttp/format.js')
const { app: resuming } = await import('../src/aiohttp/resume.js')
const { app: sensors } = await import('../src/aiohttp/sensors.js')
const { app: stocks } = await import('../src/aiohttp/stocks.js')
const { app: weatherApp, isRunning, weather } = await import('../src/aiohttp/weather.js')

test('the stream sends five events and ends', async () => {
  const reader = await connect(five, '/')
  expect(reader.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  await reader.end()
  expect(reader.events.map(({ data }) => data)).toEqual(['Event 0', 'Event 1', 'Event 2', 'Event 3', 'Event 4'])
})

test('the stream sends its retry first, then a comment, then events with ids and a type', async () => {
  const reader = await connect(format, '/events')
  await reader.end()
  expect(reader.text).toMatch(
    /^retry: 10000\n\n: This is a comment\n\n(id: [012]\nevent: update\ndata: \{"time":[\d.]+\}\n\n){3}$/,
  )
})

test('merge() reads two sources, each at its own pace', async () => {
  const reader = await connect(sensors, '/events')
  const events = await reader.take(25)
  const temperatures = events.filter(({ event }) => event === 'temperature').map(({ data }) => Number(data))
  const humidities = events.filter(({ event }) => event === 'humidity').map(({ data }) => Number(data))
  expect(temperatures.length + humidities.length).toBe(25)
  // Every two and every three seconds. The original sends them in pairs, so it has the same number of both.
  expect(temperatures.length).toBeGreaterThan(humidities.length)
  for (const value of temperatures) expect(value >= 20 && value <= 30).toBe(true)
  for (const value of humidities) expect(value >= 30 && value <= 60).toBe(true)
})

describe('a client that connects', () => {
  test.each([
    ['no id', {}, [1, 2, 3, 4, 5]],
    ['2', { 'Last-Event-ID': '2' }, [3, 4, 5, 6, 7]],
    ['text that is not a number', { 'Last-Event-ID': 'two' }, [1, 2, 3, 4, 5]],
    ['a number that is too large to count on from', { 'Last-Event-ID': '9007199254740992' }, [1, 2, 3, 4, 5]],
  ])('with %s gets the next five events', async (_name, headers, numbers) => {
    const reader = await connect(resuming, '/', headers)
    await reader.end()
    expect(reader.events.map(({ id, data }) => [id, data])).toEqual(numbers.map((i) => [String(i), `Event ${i}`]))
  })
})

test('the stream requests all prices at once from another service, three times', async () => {
  let asked = 0
  const service = await listen(
    createServer((req, res) => {
      asked += 1
      res.end(JSON.stringify({ price: (req.url ?? '').length }))
    }),
  )
  process.env.STOCK_API = service.url
  const reader = await connect(stocks, '/events')
  await reader.end()
  expect(reader.events.map(({ data }) => data)).toEqual(Array(3).fill('{"AAPL":11,"GOOGL":12,"MSFT":11}'))
  expect(asked).toBe(9)
  await service.close()
})

describe('several clients', () => {
  test('all get a broadcast, and a client that disconnects is unsubscribed', async () => {
    const readers = await Promise.all([1, 2, 3].map(() => connect(clients, '/events')))
    readers[0]?.abort()
    await until(() => channel.subscriberCount === 2)
    await broadcast('hello')
    for (const reader of readers.slice(1)) expect((await reader.take(1, isNews))[0]?.data).toBe('hello')
  })

  test('get the weather from one background task, which starts and stops with the server', async () => {
    expect(await isRunning()).toBe(false)
    const { url, close } = await listen(weatherApp)
    const [one, other] = await Promise.all([readEvents(`${url}/events`), readEvents(`${url}/events`)])
    const [first] = await one.take(1, isNews)
    expect(Object.keys(JSON.parse(first?.data ?? ''))).toEqual(['temperature', 'humidity'])
    const idsOf = ({ events }: EventReader): (string | undefined)[] => events.filter(isNews).map(({ id }) => id)
    // The client that connected first may have more events.
    await one.until(() => idsOf(one).some((id) => idsOf(other).includes(id)))
    expect(await isRunning()).toBe(true)
    await close()
    expect(await isRunning()).toBe(false)
    expect(weather.subscriberCount).toBe(0)
  })
})
