import { createRequire } from 'node:module'
import { afterEach, expect, test } from '@jest/globals'
import { merge, respond, SseChannel, type SseSource } from '@ssekit/sse-core'
import { exchange, get, hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

// What `require` loads, beside what `import` does. (Tests import the sources, and would require them too.)
const other: typeof import('@ssekit/sse-core') = createRequire(import.meta.url)('../dist/cjs/index.js')

const sources: readonly (readonly [what: string, make: () => SseSource])[] = [
  ['a channel', () => new other.SseChannel('news')],
  ['a listen()', () => new other.SseChannel('news').listen()],
  ['a merge()', () => other.merge(new other.SseChannel('news'))],
]

test.each(sources)(
  '%s of another copy of the package is refused, rather than streamed without what was missed',
  async (_what, make) => {
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
  },
)

test('so is one that is merged', () => {
  expect(() => merge(new SseChannel('ours'), new other.SseChannel('news'))).toThrow('another copy')
})

test('an SseStream of another copy is an iterable as any', async () => {
  const stream = new other.SseStream().addData('1')
  stream.end()
  const server = await serve((req, res) => void respond(req, res, stream))
  await (await exchange(server, get())).until(/data: 1\n\n[\s\S]*0\r\n\r\n$/)
})
