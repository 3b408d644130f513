import type { Backplane } from '@ssekit/sse-core'
import { dataOf, type Hearing } from './hearing.js'

/**
 * How long after the first live event the second is published, in ms. What a backplane delivers wrongly by a timer of its own,
 * or from a read that was under way, comes in between. Too little time finds fewer faults, and fails no sound backplane.
 */
const APART_MS = 20

/**
 * Gives what should not be delivered the time to arrive: publishes two live events, the second a moment after the first was
 * heard, and resolves with their data once every hearing has both. What a hearing has besides is all that it gets.
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

/** Looks at each entry once: a hearing that waits behind ten thousand entries asks ten thousand times. */
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
