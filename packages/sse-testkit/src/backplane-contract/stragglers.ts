import type { Backplane } from '@ssekit/sse-core'
import { dataOf, type Hearing } from './hearing.js'

/**
 * How long after the first live event the second is published, in ms. What a backplane wrongly delivers from a timer of
 * its own, or from a read in progress, arrives in between. A value that is too small finds fewer faults, but never
 * fails a correct backplane.
 */
const APART_MS = 20

/**
 * Gives what must not be delivered time to arrive. Publishes two live events, the second a moment after the first was
 * received, and resolves with their data once every hearing has both. A hearing gets nothing but what it has by then.
 */
export async function outwaitStragglers(
  publisher: Backplane,
  channel: string,
  hearings: readonly Hearing[],
): Promise<readonly [string, string]> {
  const live = ['live', 'live a moment later'] as const
  for (const data of live) {
    if (data !== live[0]) await new Promise((resolve) => setTimeout(resolve, APART_MS))
    await publisher.publish(channel, { event: { data } })
    await Promise.all(hearings.map((hearing) => hearing.until(hasHeard(hearing, data), `the event "${data}"`)))
  }
  return live
}

/** Looks at each entry only once: a hearing with ten thousand entries calls this ten thousand times. */
function hasHeard({ entries }: Hearing, data: string): () => boolean {
  let next = 0
  return () => {
    for (let entry = entries[next]; entry !== undefined; entry = entries[next]) {
      if (dataOf(entry) === data) return true
      next += 1
    }
    return false
  }
}
