import { expect, test } from '@jest/globals'
import { memoryBackplane, SseChannel } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { collect, turn } from './collecting.js'

/** An id that its publisher uses again and again, or none. */
const ids = fc.array(fc.constantFrom(undefined, 'a', 'b', 'c'), { minLength: 1, maxLength: 400, size: 'max' })

const cases = fc.record({
  ids,
  // How many of the events come before the node begins to read, and how many more before the client connects.
  beforeNode: fc.nat(400),
  beforeClient: fc.nat(400),
  // How many of them the node's own log keeps. What is older is read from the backplane, page by page.
  kept: fc.constantFrom(0, 1, 3, 10, 60),
  /** Which event's id the client has. */
  known: fc.nat(400),
  /** Events that are published in one turn of the event loop while the client reads. */
  burst: fc.integer({ min: 1, max: 7 }),
  /** How many turns of the event loop the client takes for each event: a slow one falls behind what the node keeps. */
  pace: fc.constantFrom(0, 0, 1, 2),
})

test('a client gets everything after the oldest event with its id, each event once, though ids occur again and again', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ ids, beforeNode, beforeClient, kept, known, burst, pace }) => {
      const backplane = memoryBackplane({ history: { maxEvents: Number.POSITIVE_INFINITY } })
      const published: string[] = []
      const publish = async (count: number): Promise<void> => {
        for (const id of ids.slice(published.length, published.length + count)) {
          published.push(await backplane.publish('news', { event: { data: published.length, id } }))
        }
      }
      await publish(beforeNode)
      const channel = new SseChannel('news', { backplane, history: { maxEvents: kept } })
      // Keeps the node subscribed.
      collect(channel)
      await publish(beforeClient)
      await turn()
      if (published.length === 0) await publish(1)
      const lastEventId = published[known % published.length] as string
      const oldest = published.indexOf(lastEventId)
      try {
        const received: unknown[] = []
        const reading = (async () => {
          for await (const { data } of channel.listen({ lastEventId })) {
            // A client that gets the same events without end must not keep the test from failing.
            if (received.push(data) > ids.length || data === 'end') break
            for (let left = pace; left > 0; left--) await turn()
          }
        })()
        while (published.length < ids.length) {
          await publish(burst)
          await turn()
        }
        await backplane.publish('news', { event: { data: 'end' } })
        await reading
        expect(received).toEqual([...Array.from(ids.keys()).slice(oldest + 1), 'end'])
      } finally {
        await channel.close()
        await backplane.close()
      }
    }),
    { numRuns: isFullStress ? 5_000 : 150 },
  )
})
