import { createRequire } from 'node:module'
import { afterEach, expect, test } from '@jest/globals'
import { merge, respond, SseChannel, type SseSource } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

// A second copy, as if another version were installed too: the built one, since tests resolve the name to the sources.
const other: typeof import('@ssekit/sse-core') = createRequire(import.meta.url)('../dist/cjs/index.js')

const sources: readonly (readonly [what: string, make: () => SseSource])[] = [
  ['a channel', () => new other.SseChannel('news')],
  ['a listen() result', () => new other.SseChannel('news').listen()],
  ['a merge() result', () => other.merge(new other.SseChannel('news'))],
]

test.each(sources)('respond() rejects %s from another copy of the package with a TypeError', async (_what, make) => {
  let outcome: unknown
  const server = await serve((req, res) => {
    respond(req, res, make()).catch((error: unknown) => {
      outcome = error
      res.writeHead(500).end()
    })
  })
  const client = await exchange(server, get())
  await client.until(/^HTTP/)
  expect(client.text()).toMatch(/^HTTP\/1.1 500 /)
  expect(outcome).toBeInstanceOf(TypeError)
  expect(String(outcome)).toContain('another copy')
})

test('merge() throws for a channel from another copy of the package', () => {
  expect(() => merge(new SseChannel('ours'), new other.SseChannel('news'))).toThrow('another copy')
})

test('an SseStream from another copy of the package is streamed like any iterable', async () => {
  const stream = new other.SseStream().addData('1')
  stream.end()
  const server = await serve((req, res) => void respond(req, res, stream))
  await (await exchange(server, get())).until(/data: 1\n\n[\s\S]*0\r\n\r\n$/)
})
