import { Readable } from 'node:stream'
import { afterEach, expect, test } from '@jest/globals'
import { merge, respond, SseManager, type SseSource } from '@ssekit/sse-core'
import { turn } from './collecting.js'
import { exchange, get, hangUp, serve } from './raw-exchange.js'
import { SlowBroker } from './slow-broker.js'

afterEach(hangUp)

test.each<[what: string, source: (merged: SseSource) => SseSource]>([
  ['as the source', (merged) => merged],
  ['returned by a function', (merged) => () => merged],
])(
  'a Readable that fails while the channel merged with it subscribes only rejects respond(): merge() %s',
  async (_what, source) => {
    const manager = new SseManager({ backplane: new SlowBroker().node() })
    const readable = new Readable({ read() {} })
    let outcome: Promise<unknown> | undefined
    const server = await serve((req, res) => {
      outcome = respond(req, res, source(merge(manager.getOrCreate('cold'), readable)), { manager })
      outcome.catch(() => {})
      // Without an 'error' listener on the Readable, this would end the process.
      setImmediate(() => readable.destroy(new Error('upstream died')))
    })
    const client = await exchange(server, get())
    await client.until(/0\r\n\r\n$/)
    await expect(outcome).rejects.toThrow('upstream died')
  },
)

test('a Readable that failed before its connection was refused does not end the process', async () => {
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
