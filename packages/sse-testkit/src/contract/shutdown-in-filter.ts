import { strict as assert } from 'node:assert'
import { merge, type SseEvent } from '@ssekit/sse-core'
import { within } from '../time-limit.js'
import type { Script } from './scenario.js'
import { subscribed } from './server-state.js'
import { dataOf, numbers } from './take-events.js'

/** `manager.close()` while a stream is being written to: its filter calls it. */
export function shutdownInFilterScenarios({ scenario }: Script): void {
  scenario('manager.close() called in a filter still sends the other events of that tick', async (stage) => {
    const manager = stage.manager()
    const [channel, other] = [manager.getOrCreate('news'), manager.getOrCreate('other')]
    const filter = ({ data }: SseEvent): boolean => {
      if (data === '2') void manager.close({ event: 'bye' })
      return data !== '3'
    }
    const served = await stage.serve(
      { '/': ({ sse }) => sse(merge(channel, other), { filter }), '/all': ({ sse }) => sse(channel) },
      { manager },
    )
    const readers = [await served.open(), await served.open('/all')]
    await Promise.all([subscribed(channel, 2), subscribed(other)])
    for (const data of numbers(1, 4)) void channel.broadcast(data)
    void other.broadcast('beside it')
    for (const reader of readers) assert.equal(await reader.end(), 'complete')
    assert.deepEqual(readers.map(dataOf), [
      ['1', '2', '4', 'beside it', 'bye'],
      ['1', '2', '3', '4', 'bye'],
    ])
    assert.deepEqual(await (await served.request()).outcome(), { reason: 'shutdown' })
  })

  scenario('a filter that closes the manager and then throws ends its stream with the error', async (stage) => {
    const manager = stage.manager()
    const channel = manager.getOrCreate('news')
    let closed: Promise<void> | undefined
    const filter = (): boolean => {
      closed = manager.close()
      throw new Error('after all')
    }
    const served = await stage.serve(({ sse }) => sse(channel, { filter }), { manager })
    const reader = await served.open()
    await subscribed(channel)
    await channel.broadcast('asked about')
    assert.equal(await reader.end(), 'complete')
    await within(closed ?? assert.fail('the filter was not asked'), 'close()')
    assert.equal(manager.stats().closed.error, 1)
  })
}
