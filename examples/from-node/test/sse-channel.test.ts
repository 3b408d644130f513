import { expect, test } from '@jest/globals'
import { connect, isNews, serve } from '../../from-python/test/serving.js'
import { close, send, server } from '../src/sse-channel.js'

const frames = (events: readonly { event: string; data: string; id: string | undefined }[]) =>
  events.map(({ event, id = '-', data }) => `${event} ${id} ${data}`)

test('the welcome comes before the replay; an unknown id gets one sse-gap and the whole history; close() stops the client', async () => {
  const before = await connect(server, '/messages', { 'Last-Event-ID': '1' })
  expect(frames(await before.take(1))).toEqual(['welcome - 1'])
  expect(before.retries).toEqual([250])
  await send(3, { n: 3 }, 'sys')
  await before.take(1, ({ event }) => event === 'sys')
  expect(frames(before.events)).toEqual(['welcome - 1', 'message 2 "two"', 'sys 3 {"n":3}'])

  const unknown = await connect(server, '/messages?lastEventId=0')
  await unknown.take(1, ({ event }) => event === 'sys')
  expect(unknown.events.map(({ event }) => event)).toEqual(['welcome', 'sse-gap', 'message', 'message', 'sys'])
  expect(frames(unknown.events.filter(isNews)).slice(2)).toEqual([
    'message 1 "one"',
    'message 2 "two"',
    'sys 3 {"n":3}',
  ])

  await close()
  expect(await before.ended).toBe('complete')
  expect((await fetch(`${await serve(server)}/messages`, { headers: { 'Last-Event-ID': '3' } })).status).toBe(204)
})
