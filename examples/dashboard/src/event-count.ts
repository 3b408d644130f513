import type { Backplane } from '@ssekit/sse-core'

let published = 0

/** Counts published events: every event of every channel goes through the backplane. */
export function counting(backplane: Backplane): Backplane {
  return {
    publish(channel, entry) {
      published += 1
      return backplane.publish(channel, entry)
    },
    subscribe: (channel, options, sink) => backplane.subscribe(channel, options, sink),
    read: (channel, afterId, limit) => backplane.read(channel, afterId, limit),
    close: () => backplane.close(),
  }
}

/** How many events were published since the last call. */
export function takeEventCount(): number {
  const count = published
  published = 0
  return count
}
