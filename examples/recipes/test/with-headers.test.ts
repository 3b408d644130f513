import { expect, jest, test } from '@jest/globals'
import { SseChannel } from '@ssekit/sse-core'
import { until } from '../../from-python/test/serving.js'
import { openWithToken } from '../src/client/with-headers.js'
import { refusing, serveChanging, streaming } from './changing-server.js'

test('npm eventsource sends the newest token at each reconnect, and reports the status that made it close', async () => {
  const channel = new SseChannel('news')
  const server = await serveChanging(streaming(channel))
  const told = jest.spyOn(console, 'error').mockImplementation(() => {})
  let token = 'first'
  const source = openWithToken(server.url, () => token)
  await until(() => channel.subscriberCount === 1)
  token = 'second'
  server.answer = refusing(403)
  server.cut()
  await until(() => source.readyState === source.CLOSED && told.mock.calls.length === 1)
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second'])
  expect(told.mock.calls).toEqual([[`gave up on ${server.url}: 403`]])
  told.mockRestore()
})
