import { Readable } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { merge, respond, SseManager, type SseSource } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { LateBroker } from './late-broker.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

test.each<[what: string, source: (merged: SseSource) => SseSource]>([
  ['given', (merged) => merged],
  ['returned by a function', (merged) => () => merged],
])('a Readable that fails while a channel beside it is warming, %s, fails the stream alone', async (_what, source) => {
  const manager = new SseManager({ backplane: new LateBroker().node() })
  const readable = new Readable({ read() {} })
  let outcome: Promise<unknown> | undefined
  const server = await serve((req, res) => {
    outcome = respond(req, res, source(merge(manager.getOrCreate('cold'), readable)), { manager })
    outcome.catch(() => {})
    // Nobody listens for it but who has taken it: the process would end.
    setImmediate(() => readable.destroy(new Error('upstream died')))
  })
  const client = await exchange(server, get())
  await client.until(/0\r\n\r\n$/)
  await expect(outcome).rejects.toThrow('upstream died')
})

test('one that had failed before it was refused ends no process', async () => {
  const manager = new SseManager({ maxConnections: 0 })
  const server = await serve((req, res) => {
    const readable = new Readable({ read() {} })
    readable.destroy(new Error('late upstream error'))
    void respond(req, res, readable, { manager })
  })
  const client = await exchange(server, get())
  await client.until(/0\r\n\r\n$/)
  await turn()
  expect(manager.stats().closed).toEqual({ limit: 1 })
})
