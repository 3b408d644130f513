import { afterEach, describe, expect, test } from '@jest/globals'
import type { LogEntry, Unsubscribe } from '@ssekit/sse-core'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { everyClient, Stage } from './stage.js'
import { until } from './until.js'

const CHANNELS = isFullStress ? 10_000 : 2_000

describe.each(everyClient)('%s', (_name, connect) => {
  let stage: Stage
  afterEach(() => stage.end())

  test(`${CHANNELS} channels of one node share two connections, receive their events, and are all unsubscribed`, async () => {
    stage = await Stage.open(connect, { appendOnly: false })
    const [{ backplane }, publisher] = [
      await stage.node({ timeoutMs: 60_000 }),
      await stage.node({ timeoutMs: 60_000 }),
    ]
    const names = Array.from({ length: CHANNELS }, (_, index) => `channel ${index}`)
    const received = new Map<string, unknown[]>(names.map((name) => [name, []]))
    let count = 0
    const subscribe = (name: string): Promise<Unsubscribe> =>
      backplane.subscribe(
        name,
        { last: 10 },
        {
          entry: (entry: LogEntry) => {
            count += 1
            received.get(name)?.push('event' in entry ? entry.event.data : 'end')
          },
          gap: () => received.get(name)?.push('gap'),
        },
      )
    const unsubscribes = await Promise.all(names.map(subscribe))
    const publish = (some: readonly string[]): Promise<unknown> =>
      Promise.all(some.map((name) => publisher.backplane.publish(name, { event: { data: name } })))
    const half = CHANNELS / 2
    await publish(names.slice(0, half))
    await until(() => count === half, 'an event each')
    expect(await stage.connections('pubsub')).toHaveLength(1)
    // Including the publisher's.
    expect(await stage.connections('normal')).toHaveLength(2)

    // The subscriptions are lost with their connection, and restored.
    await stage.redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await publish(names.slice(half))
    await until(() => count === CHANNELS, 'an event each')
    expect([...received].filter(([name, all]) => all.length !== 1 || all[0] !== name)).toEqual([])

    for (const unsubscribe of unsubscribes) unsubscribe()
    await until(async () => ((await stage.control.pubsub('CHANNELS')) as unknown[]).length === 0, 'no subscription')
    // A thousand channels to a command.
    expect(await stage.calls('unsubscribe')).toBeLessThanOrEqual(CHANNELS / 1_000)
  })
})
