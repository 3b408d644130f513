import { fail, hear, stand } from './stand.mjs'

/**
 * Uses a backplane as channels use it.
 *
 * @param {import('@ssekit/sse-core').Backplane} backplane
 * @param {() => Promise<unknown>} roundTrip
 */
export function standOn(backplane, roundTrip) {
  const subscribe = (/** @type {string} */ channel) => backplane.subscribe(channel, { last: 0 }, sinkOf(channel))
  stand({
    publish: (channel, data) => backplane.publish(channel, { event: { data } }),
    subscribe: (channels) => Promise.all(channels.map(subscribe)),
    roundTrip,
  })
}

/**
 * @param {string} channel
 * @returns {import('@ssekit/sse-core').BackplaneSink}
 */
function sinkOf(channel) {
  return {
    entry(entry) {
      if ('event' in entry) hear(channel, String(entry.event.data))
      else fail(`channel ${channel} has ended`)
    },
    gap: () => fail(`channel ${channel} has a gap`),
  }
}
