import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from '../answering.mjs'
import { Arrivals } from '../load/arrivals.mjs'
import { Waiting } from '../load/waiting.mjs'
import { memory } from '../memory.mjs'
import { quantile } from '../statistics.mjs'

export { options } from '../answering.mjs'

/** How many events the log of a channel keeps, for candidates that have a log: ssekit's default. */
export const MAX_EVENTS = 1_000

const EVENT_BYTES = 100

/**
 * A way to pass events from process to process.
 *
 * @typedef {object} Way
 * @property {(channel: string, data: string) => Promise<unknown>} publish resolves once the broker has the event
 * @property {(channels: readonly string[]) => Promise<unknown>} subscribe resolves once published events are received
 * @property {() => Promise<unknown>} roundTrip the shortest request of the client, and its response
 */

const arrivals = new Arrivals()
const waiting = new Waiting(arrivals)

/** Called with each event that has arrived. */
export const hear = arrivals.hear

/** Reports something that must not happen. @param {string} message */
export const fail = (message) => arrivals.fail(message)

/** The time in ns, from the same origin for all processes of a machine. */
function now() {
  return Number(process.hrtime.bigint())
}

/**
 * Publishes, or subscribes as a node does, when called.
 *
 * @param {Way} way
 */
export function stand(way) {
  /** How many events this process has published to each channel. @type {Map<string, number>} */
  const published = new Map()
  /** @type {string[]} */
  let channels = []
  /** Resolves with the time when the last expected event arrived. @type {Promise<number>} */
  let arrived = Promise.resolve(0)
  /** @type {number[]} */
  let latencies = []

  /**
   * @param {string} channel
   * @param {number} [at]
   */
  const publish = (channel, at) => {
    const number = published.get(channel) ?? 0
    published.set(channel, number + 1)
    return way.publish(channel, eventOf(number, at))
  }

  answer(undefined, {
    memory,

    /**
     * Sets which channels exist from now on.
     *
     * @param {string} name
     * @param {number} count
     */
    meet(name, count) {
      channels = Array.from({ length: count }, (_, index) => `${name}-${index}`)
      for (const channel of channels) arrivals.meet(channel)
    },

    /** Subscribes to all channels; resolves with how long it took, in ms. */
    async subscribe() {
      const start = performance.now()
      await way.subscribe(channels)
      return performance.now() - start
    },

    /**
     * Announces how many events will arrive.
     *
     * @param {number} count
     * @param {boolean} [isTimed] whether they say when they were published
     */
    expect(count, isTimed = false) {
      latencies = []
      arrivals.observer = isTimed ? (data) => latencies.push(now() - timeOf(data)) : undefined
      arrivals.reset()
      arrived = waiting.forTotal(count).then(now)
      // The error is reported to the caller of `arrived()`.
      arrived.catch(() => {})
    },

    /** Resolves with the time when all expected events have arrived. */
    arrived: () => arrived,

    /** @throws if an event was lost or doubled, or something else happened that must not */
    check() {
      if (arrivals.failure !== undefined) throw arrivals.failure
    },

    /**
     * Publishes `count` events, to each channel in turn; resolves with the time when it began.
     *
     * @param {{ count: number, unacknowledged: number }} load `unacknowledged`: how many may be in flight
     */
    async flood({ count, unacknowledged }) {
      const start = now()
      let next = 0
      const publishNext = async () => {
        while (next < count) await publish(/** @type {string} */ (channels[next++ % channels.length]))
      }
      await Promise.all(Array.from({ length: unacknowledged }, publishNext))
      return start
    },

    /**
     * Publishes at a steady rate, with the broker's shortest request in between; resolves with how long the responses
     * took.
     *
     * @param {{ perSecond: number, publications: number }} pace
     */
    async publishSteadily({ perSecond, publications }) {
      const start = now()
      const until = (/** @type {number} */ turn) => sleep((start + (turn * 1e9) / perSecond - now()) / 1e6)
      const publishing = []
      const roundTrips = []
      for (let turn = 0; turn < publications; turn++) {
        await until(turn)
        publishing.push(publish(/** @type {string} */ (channels[0]), now()))
        await until(turn + 0.5)
        const askedAt = now()
        await way.roundTrip()
        roundTrips.push(now() - askedAt)
      }
      await Promise.all(publishing)
      return quantilesOf(roundTrips)
    },

    /** Resolves with how long the events were in flight, once all have arrived. */
    async latency() {
      await arrived
      return quantilesOf(latencies)
    },
  })
}

/**
 * @param {number} number its number in its channel
 * @param {number} [at] when it is published
 */
function eventOf(number, at = 0) {
  return `${number} ${at} `.padEnd(EVENT_BYTES, 'x')
}

/** When an event was published. @param {string} data */
function timeOf(data) {
  return Number(data.split(' ', 2)[1])
}

/** @param {number[]} times in ns; the result is in ms */
function quantilesOf(times) {
  const sorted = Float64Array.from(times, (time) => time / 1e6).sort()
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}
