import { strict as assert } from 'node:assert'
import { SseStream } from '@ssekit/sse-core'
import { oneTurn } from './eventually.js'
import type { Script } from './scenario.js'

const MAX_BUFFERED_BYTES = 1024 * 1024
const TEXT = 'x'.repeat(64 * 1024)

/** How much an `SseStream` holds for a client. */
export function streamBoundScenarios({ scenario }: Script): void {
  scenario('a client that does not read what is added to its SseStream is cut at maxBufferedBytes', async (stage) => {
    const manager = stage.manager({ maxBufferedBytes: MAX_BUFFERED_BYTES, writeTimeoutMs: 0 })
    const stream = new SseStream()
    const served = await stage.serve(({ sse }) => sse(stream), { manager })
    const reader = await served.open('/', { isPaused: true })
    let most = 0
    // Far more than any socket takes.
    for (let added = 0; added < 2_000 && manager.stats().connections > 0; added++) {
      stream.addData(TEXT)
      most = Math.max(most, stream.length)
      await oneTurn()
    }
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'slow' })
    assert.equal(most * TEXT.length <= MAX_BUFFERED_BYTES + 2 * TEXT.length, true, `${most} events held`)
    assert.equal(stream.addData('late').length, 0)
    reader.resume()
    assert.equal(await reader.end(), 'cut')
  })

  scenario('what an SseStream held before its response began is not too much', async (stage) => {
    const manager = stage.manager({ maxBufferedBytes: 1_000 })
    const stream = new SseStream()
    for (let added = 0; added < 20; added++) stream.addData(TEXT)
    stream.end()
    const served = await stage.serve(({ sse }) => sse(stream), { manager })
    const reader = await served.open()
    assert.equal(await reader.end(), 'complete')
    assert.equal(reader.events.length, 20)
  })
}
