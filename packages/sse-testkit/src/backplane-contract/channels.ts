import assert from 'node:assert/strict'
import { type Backplane, type HistoryLimits, type SseChannel, type SseEvent, SseManager } from '@ssekit/sse-core'
import { numbers } from './recorder.js'
import type { Scenarios } from './suite.js'

/** Runs with a manager on each node, as an application has them. */
async function withManagers(
  nodes: readonly Backplane[],
  run: (...managers: readonly SseManager[]) => Promise<void>,
  history: HistoryLimits = {},
): Promise<void> {
  const errors: unknown[] = []
  const managers = nodes.map(
    (backplane) => new SseManager({ backplane, history, onError: (error) => errors.push(error) }),
  )
  try {
    await run(...managers)
  } finally {
    await Promise.all(managers.map((manager) => manager.close()))
  }
  assert.deepEqual(errors, [])
}

/** Takes the next events of a channel with a loop. */
async function take(channel: SseChannel, count: number, lastEventId?: string): Promise<SseEvent[]> {
  const events: SseEvent[] = []
  for await (const event of channel.listen({ lastEventId })) if (events.push(event) === count) break
  return events
}

async function broadcastAll(channel: SseChannel, data: readonly unknown[]): Promise<string[]> {
  return Promise.all(data.map((each) => channel.broadcast({ data: each })))
}

/** Channels whose clients connect and disconnect on any node. */
export function channels({ test, onNodes }: Scenarios): void {
  test(
    'a client that resumes on other nodes during publishing gets every event once, in order',
    onNodes(3, async (...nodes) => {
      await withManagers(nodes, async (...managers) => {
        const [publisher, ...others] = managers.map((manager) => manager.getOrCreate('news'))
        assert(publisher)
        const received: SseEvent[] = []
        const publishing = broadcastAll(publisher, numbers(1, 90))
        // A client that joins before the first event has no id yet, so it asks for the start of the log.
        received.push(...(await takeFromStart(others[0], 10)))
        const ids = await publishing
        for (let hop = 1; received.length < 90; hop++) {
          const channel = others[hop % others.length]
          assert(channel)
          received.push(...(await take(channel, 10, received.at(-1)?.id)))
        }
        assert.deepEqual(
          received.map(({ data }) => data),
          numbers(1, 90),
        )
        assert.deepEqual(
          received.map(({ id }) => id),
          ids,
        )
      })
    }),
  )

  test(
    "a client whose id is older than its node's log gets the missing events from the shared log",
    onNodes(2, async (here, there) => {
      assert(here && there)
      await withManagers([there], async (publisher) => {
        assert(publisher)
        const ids = await broadcastAll(publisher.getOrCreate('news'), numbers(1, 100))
        // A node that keeps only five events itself and is already subscribed.
        await withManagers(
          [here],
          async (manager) => {
            assert(manager)
            const channel = manager.getOrCreate('news')
            for (const start of [0, 1, 50, 93, 94, 95, 98]) {
              const reader = take(channel, 100 - start, ids[start])
              if (start === 0) ids.push(...(await broadcastAll(publisher.getOrCreate('news'), [101])))
              const events = await reader
              assert.deepEqual(
                events.map(({ data, event }) => event ?? data),
                numbers(start + 2, 101).slice(0, 100 - start),
              )
            }
          },
          { maxEvents: 5 },
        )
      })
    }),
  )

  test(
    'a client whose id occurs again and again gets everything after the oldest one, each event once',
    onNodes(2, async (here, there) => {
      assert(here && there)
      const idOf = (n: number): string => `entity-${n % 10}`
      const publish = (n: number): Promise<string> => there.publish('news', { event: { data: n, id: idOf(n) } })
      await Promise.all(numbers(1, 250).map(publish))
      let newest = 250
      // A node whose own log is short reads pages, each of which ends with the id after which it began.
      for (const maxEvents of [5, 0]) {
        // The second id is also that of the newest event that the node's own log does not have.
        for (const oldestOf of [() => 3, () => ((newest - maxEvents - 1) % 10) + 1]) {
          const oldest = oldestOf()
          await withManagers(
            [here],
            async (manager) => {
              newest += 1
              const reader = take(manager?.getOrCreate('news') as SseChannel, newest - oldest, idOf(oldest))
              // It comes while the client reads what it has missed.
              await publish(newest)
              assert.deepEqual(
                (await reader).map(({ data }) => data),
                numbers(oldest + 1, newest),
              )
            },
            { maxEvents },
          )
        }
      }
    }),
  )

  test(
    'a client with an unknown id gets one gap and all retained events, on any node',
    onNodes(2, async (...nodes) => {
      await withManagers(nodes, async (one, other) => {
        assert(one && other)
        const ids = await broadcastAll(one.getOrCreate('news'), numbers(1, 5))
        const [gap, ...events] = await take(other.getOrCreate('news'), 6, 'of-a-dead-process')
        assert.equal(gap?.event, 'sse-gap')
        assert.deepEqual(gap.data, { lastEventId: 'of-a-dead-process', oldestId: ids[0] })
        assert.deepEqual(
          events.map(({ data }) => data),
          numbers(1, 5),
        )
        // A client that reconnects with the id of the gap gets no second report of it.
        const back = await take(one.getOrCreate('news'), 5, gap.id)
        assert.deepEqual(
          back.map(({ data }) => data),
          numbers(1, 5),
        )
      })
    }),
  )

  test(
    'a client of an empty channel resumes on another node with the first event, or with a gap',
    onNodes(2, async (...nodes) => {
      await withManagers(nodes, async (one, other) => {
        assert(one && other)
        const loop = one.getOrCreate('news').listen({ lastEventId: 'unknown' })[Symbol.asyncIterator]()
        const { value: gap } = await loop.next()
        await loop.return?.()
        const id = gap?.id
        await broadcastAll(one.getOrCreate('news'), [1])
        const [first] = await take(other.getOrCreate('news'), 1, id)
        // A backplane that does not name the beginning of an empty log reports a gap instead.
        assert(first?.data === 1 || first?.event === 'sse-gap')
      })
    }),
  )

  test(
    'a manager without subscribers can publish, and its `end` reaches the subscribers of other nodes',
    onNodes(2, async (publisher, node) => {
      assert(publisher && node)
      await withManagers([node], async (manager) => {
        const loop = manager?.getOrCreate('news').listen()
        assert(loop)
        const received: unknown[] = []
        const reading = (async () => {
          for await (const { data } of loop) received.push(data)
        })()
        // The node is live once it receives its own event.
        await manager?.getOrCreate('news').broadcast('live')
        await withManagers([publisher], async (cron) => {
          const channel = cron?.getOrCreate('news')
          assert(channel)
          for (const data of numbers(1, 10)) await channel.broadcast({ data })
          assert.equal(channel.subscriberCount, 0)
          await channel.end({ data: 'bye' })
        })
        await reading
        assert.deepEqual(received, ['live', ...numbers(1, 10), 'bye'])
        await assert.rejects(manager?.getOrCreate('news').broadcast('late') ?? Promise.resolve())
      })
    }),
  )
}

/** Takes the first events of a channel, whenever they were published. */
async function takeFromStart(channel: SseChannel | undefined, count: number): Promise<SseEvent[]> {
  assert(channel)
  const events: SseEvent[] = []
  for await (const event of channel.listen({ rewind: Number.POSITIVE_INFINITY }))
    if (events.push(event) === count) break
  return events
}
