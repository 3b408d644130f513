import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { type LineEnding, respond, SseManager } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { anyEvent, type Heard, Hearing, heardOf } from './heard.js'
import { hangUp, serve } from './raw-exchange.js'

afterEach(hangUp)

const lineEndings: readonly LineEnding[] = ['\n', '\r\n', '\r']
// What a log takes.
const anyId = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
})

/** A client on a connection of its own. */
class Client {
  readonly #hearing = new Hearing()
  readonly #response: IncomingMessage

  private constructor(response: IncomingMessage) {
    this.#response = response
    response.on('data', (bytes: Buffer) => this.#hearing.feed(bytes))
  }

  static async open(url: string): Promise<Client> {
    const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
    return new Client(response)
  }

  /** What it has heard since the last call, as soon as that is enough. */
  async take(isEnough: (heard: Heard) => boolean): Promise<Heard> {
    while (!isEnough(this.#hearing.heard)) await once(this.#response, 'data')
    const { heard } = this.#hearing
    this.#hearing.heard = { events: [], retries: [], comments: [] }
    return heard
  }
}

test('what is broadcast is what clients hear, whatever it is, with every line ending', async () => {
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
      const expected = heardOf([...events, end].map((event, index) => ({ ...event, id: ids[index] })))
      for (const client of clients) {
        expect(await client.take(({ comments }) => comments.includes(end.comment))).toEqual(expected)
      }
    }),
    // What does not come is waited for in vain, and there is nothing to shrink on streams that go on.
    { numRuns: isFullStress ? 5_000 : 200, timeout: 5_000, endOnFailure: true },
  )
  await manager.close({ graceMs: 0 })
})
