import type { ServerResponse } from 'node:http'
import { afterEach, expect, test } from '@jest/globals'
import { respond, SseChannel } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

test('clients that reconnect after the same event share the bytes of their replay', async () => {
  const news = new SseChannel('news')
  const lastEventId = await news.broadcast('before')
  await Promise.all(['one', 'two', 'three'].map((data) => news.broadcast(data)))
  const replays: unknown[] = []
  const server = await serve((req, res) => {
    const { write } = res
    res.write = function (this: ServerResponse, ...args: Parameters<typeof write>) {
      if (String(args[0]).includes('data: one')) replays.push(args[0])
      return write.apply(this, args)
    } as typeof write
    void respond(req, res, news, { lastEventId })
  })
  for (let n = 0; n < 3; n++) await (await exchange(server, get())).until(/data: three\n\n/)
  expect(replays).toHaveLength(3)
  expect(new Set(replays).size).toBe(1)
})
