import { afterEach, expect, test } from '@jest/globals'
import { respond } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

test.each([
  ['small', 'x'],
  ['large', 'x'.repeat(100_000)],
])('a function that awaits each of many %s sends does not block the event loop', async (_what, text) => {
  let turns = 0
  let sent = 0
  let isOver = false
  const count = (): void => {
    turns += 1
    if (!isOver) setImmediate(count)
  }
  const server = await serve((req, res) => {
    setImmediate(count)
    void respond(req, res, async (connection) => {
      // Ten times as much as is written at once.
      while (sent < 640_000 && (await connection.send(text))) sent += text.length + 10
      isOver = true
    })
  })
  const client = await exchange(server, get())
  await client.until(/0\r\n\r\n$/)
  expect(turns).toBeGreaterThan(5)
})
