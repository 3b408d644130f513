import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { type LineEnding, respond, SseManager } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { anyEvent, expectedParse, type ParsedStream, StreamParser } from './event-parsing.js'
import { hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

const lineEndings: readonly LineEnding[] = ['\n', '\r\n', '\r']
// The ids that a log accepts.
const anyId = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
})

/** A client with its own connection. */
class Client {
  readonly #parser = new StreamParser()
  readonly #response: IncomingMessage

  private constructor(response: IncomingMessage) {
    this.#response = response
    response.on('data', (bytes: Buffer) => this.#parser.feed(bytes))
  }

  static async open(url: string): Promise<Client> {
    const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
    return new Client(response)
  }

  /** Resolves with what the client has received since the last call, as soon as that is enough. */
  async take(isEnough: (parsed: ParsedStream) => boolean): Promise<ParsedStream> {
    while (!isEnough(this.#parser.parsed)) await once(this.#response, 'data')
    const { parsed } = this.#parser
    this.#parser.parsed = { events: [], retries: [], comments: [] }
    return parsed
  }
}

test('clients receive exactly the events that were broadcast, with every line ending', async () => {
  const manager = new SseManager()
  const channel = manager.getOrCreate('news')
  const server = await serve((req, res) => {
    const eol = lineEndings[Number(req.url?.slice(1))]
    void respond(req, res, channel, { eol, checkpoints: false })
  })
  const { port } = server.address() as AddressInfo
  const clients = await Promise.all(lineEndings.map((_, index) => Client.open(`http://127.0.0.1:${port}/${index}`)))
  for (const client of clients) await client.take(({ retries }) => retries.length === 1)
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent(anyId), { minLength: 1, maxLength: 6 }), async (events) => {
      run += 1
      const end = { comment: `end of run ${run}` }
      const ids = await Promise.all([...events, end].map((event) => channel.broadcast(event)))
      const expected = expectedParse([...events, end].map((event, index) => ({ ...event, id: ids[index] })))
      for (const client of clients) {
        expect(await client.take(({ comments }) => comments.includes(end.comment))).toEqual(expected)
      }
    }),
    // A missing event shows as a timeout. Nothing can be shrunk, since the streams stay open.
    { numRuns: isFullStress ? 5_000 : 200, timeout: 5_000, endOnFailure: true },
  )
  await manager.close({ graceMs: 0 })
})
