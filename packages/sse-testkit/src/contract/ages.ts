import { strict as assert } from 'node:assert'
import { type ConnectionStats, SseChannel } from '@ssekit/sse-core'
import { within } from '../time-limit.js'
import { eventually } from './eventually.js'
import type { Script } from './scenario.js'
import { numbers, takeData } from './take-events.js'

const CROWD = 16

/** `maxConnectionAgeMs`: how old a connection may become. */
export function ageScenarios({ scenario }: Script): void {
  scenario(
    "a stream ends at its manager's maxConnectionAgeMs, unless the response sets a longer one or 0",
    async (stage) => {
      const manager = stage.manager({ maxConnectionAgeMs: 60 })
      const served = await stage.serve(
        {
          '/manager': ({ sse }) => sse(manager.getOrCreate('news')),
          '/response': ({ sse }) => sse(manager.getOrCreate('news'), { maxConnectionAgeMs: 1_000_000 }),
          '/for-ever': ({ sse }) => sse(manager.getOrCreate('news'), { maxConnectionAgeMs: 0 }),
        },
        { manager },
      )
      const stay = [await served.open('/response'), await served.open('/for-ever')]
      const reader = await served.open('/manager')
      assert.equal(await reader.end(), 'complete')
      assert.deepEqual(await within((await served.request(2)).outcome(), 'its age'), { reason: 'age' })
      assert.equal(
        stay.some(({ isOver }) => isOver),
        false,
      )
    },
  )

  scenario('streams that begin together end at random ages, none before 80 % of maxConnectionAgeMs', async (stage) => {
    const maxConnectionAgeMs = 200
    const channel = new SseChannel('news')
    const ages: number[] = []
    const began: unknown[] = []
    const ended: unknown[] = []
    channel.on('subscribe', (connection) => began.push(connection?.context))
    channel.on('unsubscribe', (connection) => ended.push(connection?.context))
    // Called once all requests have arrived, so that all streams begin in the same turn of the event loop.
    let begin: () => void = () => {}
    const everybody = new Promise<void>((resolve) => {
      begin = resolve
    })
    let count = 0
    const onClose = (_reason: unknown, { durationMs }: ConnectionStats): number => ages.push(durationMs)
    const served = await stage.serve(async ({ sse }) => {
      count += 1
      const context = count
      if (count === CROWD) begin()
      await everybody
      return sse(channel, { maxConnectionAgeMs, context, onClose })
    })
    await Promise.all(numbers(1, CROWD).map(() => served.open()))
    await eventually(() => ages.length === CROWD, 'all streams to end')
    assert.equal(ended.length, CROWD)
    // Timers of equal duration fire in the order in which they were set. Sixteen random ones do so once in 16! runs.
    assert.notDeepEqual(ended, began)
    // By another clock, a timer may fire a millisecond early.
    assert.equal(Math.min(...ages) >= 0.8 * maxConnectionAgeMs - 1, true, String(ages))
  })

  scenario('a client whose stream reached its maximum age reconnects and gets the events it missed', async (stage) => {
    const channel = new SseChannel('news')
    const served = await stage.serve({
      // The first event is sent with the response headers, so even a busy machine sends it before the stream is too
      // old.
      '/old': ({ sse }) => sse(channel, { maxConnectionAgeMs: 30, rewind: 1 }),
      '/': ({ sse }) => sse(channel),
    })
    await channel.broadcast('1')
    const old = await served.open('/old')
    assert.equal(await old.end(), 'complete')
    for (const data of numbers(2, 3)) await channel.broadcast(data)
    assert.deepEqual(await takeData(await served.resume(old.lastEventId), 2), numbers(2, 3))
  })
}
