import { strict as assert } from 'node:assert'
import { formatEvent, type SseEvent, type SseManager, SseStream } from '@ssekit/sse-core'
import { oneTurn } from './eventually.js'
import type { Script } from './scenario.js'
import type { Route } from './subject.js'

const MAX_BUFFERED_BYTES = 1024 * 1024
const TEXT = 'x'.repeat(64 * 1024)

/** How much an `SseStream` holds for a client. */
export function streamBoundScenarios({ scenario }: Script): void {
  scenario('a client that does not read its SseStream is disconnected as slow at maxBufferedBytes', async (stage) => {
    const manager = stage.manager({ maxBufferedBytes: MAX_BUFFERED_BYTES, writeTimeoutMs: 0 })
    const stream = new SseStream()
    const served = await stage.serve(({ sse }) => sse(stream), { manager })
    const reader = await served.open('/', { isPaused: true })
    let most = 0
    // Far more than any socket accepts.
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

  scenario('the events that wait in an SseStream are counted in encoded bytes', async (stage) => {
    const event: SseEvent = { id: '7', data: '漢'.repeat(10_000) }
    const four = 4 * Buffer.byteLength(formatEvent(event))
    for (const [maxBufferedBytes, most] of [
      [four, 5],
      [four - 1, 4],
    ] as const) {
      const manager = stage.manager({ maxBufferedBytes })
      const stream = new SseStream()
      const served = await stage.serve(({ sse }) => sse(stream), { manager })
      await served.open()
      assert.equal(addUntilCut(stream, event, manager), most)
      assert.deepEqual(await (await served.request()).outcome(), { reason: 'slow' })
    }
  })

  scenario(
    'events added to an SseStream before its response neither count toward nor raise maxBufferedBytes',
    async (stage) => {
      const manager = stage.manager({ maxBufferedBytes: 1_000 })
      const stream = new SseStream()
      for (let added = 0; added < 20; added++) stream.addData(TEXT)
      const route: Route = ({ sse }) => {
        const over = sse(stream)
        // While no other event counts, an event of any size is accepted.
        stream.addData(TEXT)
        return over
      }
      const served = await stage.serve(route, { manager })
      const reader = await served.open()
      await reader.take(21)
      stream.addData(TEXT)
      await reader.take(1)
      assert.equal(addUntilCut(stream, { data: TEXT }, manager), 1)
    },
  )
}

/** How often an event can be added in one tick until the only connection is disconnected as slow. */
function addUntilCut(stream: SseStream, event: SseEvent, manager: SseManager): number {
  for (let added = 0; added < 100; added++) {
    stream.add(event)
    if (manager.stats().connections === 0) return added
  }
  return Number.POSITIVE_INFINITY
}
