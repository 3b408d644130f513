import { expect, test } from '@jest/globals'
import { connect, isNews, nextData, serve } from '../../from-python/test/serving.js'
import { app } from '../src/fastify-sse.js'

async function send(): Promise<string> {
  const response = await fetch(`${await serve(app)}/news`, { method: 'POST' })
  const { id }: { id: string } = await response.json()
  return id
}

test('a client that reconnects to the news gets what it missed, once', async () => {
  const before = await connect(app, '/news')
  const first = await send()
  expect((await before.take(1, isNews)).map(({ id }) => id)).toEqual([first])
  before.abort()
  const missed = await send()
  const after = await connect(app, '/news', { 'Last-Event-ID': before.lastEventId })
  const ids = [missed, await send()]
  expect((await after.take(2, isNews)).map(({ id }) => id)).toEqual(ids)
})

test('a function sends a text as JSON and a text as it is, and then the stream ends', async () => {
  const hello = await connect(app, '/hello')
  expect(await nextData(hello, 2)).toEqual(['"hello"', 'bye'])
  expect(await hello.ended).toBe('complete')
})

test.each([
  ['', ['a', 'b', 'c', '']],
  ['0', ['b', 'c', '']],
  ['2', ['']],
])('the generator continues after the id %p', async (lastEventId, data) => {
  const rows = await connect(app, '/rows', lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId })
  await rows.ended
  expect(rows.events.map((event) => event.data)).toEqual(data)
  expect(rows.events.at(-1)?.event).toBe('done')
})
