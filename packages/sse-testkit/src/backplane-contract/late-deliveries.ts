import type { Backplane } from '@ssekit/sse-core'
import { dataOf, type Recorder } from './recorder.js'

/**
 * How long after the first live event the second is published, in ms. What a backplane wrongly delivers from a timer of
 * its own, or from a read in progress, arrives in between. A value that is too small finds fewer faults, but never
 * fails a correct backplane.
 */
const APART_MS = 20

/**
 * Gives deliveries that must not happen time to arrive. Publishes two live events, the second a moment after the first was
 * received, and resolves with their data once every recorder has both. What a recorder has then is everything it gets.
 */
export async function waitForLateDeliveries(
  publisher: Backplane,
  channel: string,
  recorders: readonly Recorder[],
): Promise<readonly [string, string]> {
  const live = ['live', 'live a moment later'] as const
  for (const data of live) {
    if (data !== live[0]) await new Promise((resolve) => setTimeout(resolve, APART_MS))
    await publisher.publish(channel, { event: { data } })
    await Promise.all(recorders.map((recorder) => recorder.until(hasReceived(recorder, data), `the event "${data}"`)))
  }
  return live
}

/** Looks at each entry only once: a recorder with ten thousand entries calls this ten thousand times. */
function hasReceived({ entries }: Recorder, data: string): () => boolean {
  let next = 0
  return () => {
    for (let entry = entries[next]; entry !== undefined; entry = entries[next]) {
      if (dataOf(entry) === data) return true
      next += 1
    }
    return false
  }
}
