import { setTimeout as sleep } from 'node:timers/promises'
import { answer } from '../answering.mjs'
import { Arrivals } from '../load/arrivals.mjs'
import { Waiting } from '../load/waiting.mjs'
import { memory } from '../memory.mjs'
import { quantile } from '../statistics.mjs'

export { options } from '../answering.mjs'

/** How many events a channel's log keeps, of those that have one: what ssekit keeps by default. */
export const MAX_EVENTS = 1_000

const EVENT_BYTES = 100

/**
 * How events go from process to process.
 *
 * @typedef {object} Way
 * @property {(channel: string, data: string) => Promise<unknown>} publish resolves once the broker has it
 * @property {(channels: readonly string[]) => Promise<unknown>} subscribe resolves once what is published is heard
 * @property {() => Promise<unknown>} roundTrip the shortest question that the client can ask, and its answer
 */

const arrivals = new Arrivals()
const waiting = new Waiting(arrivals)

/** Takes an event that has come. */
export const hear = arrivals.hear

/** Takes what must not happen. @param {string} message */
export const fail = (message) => arrivals.fail(message)

/** The time in ns, from the same instant for all processes of a machine. */
function now() {
  return Number(process.hrtime.bigint())
}

/**
 * Publishes, or subscribes as a node does, when it is told so.
 *
 * @param {Way} way
 */
export function stand(way) {
  /** How many events each channel has got from here. @type {Map<string, number>} */
  const published = new Map()
  /** @type {string[]} */
  let channels = []
  /** When the last one of those that are expected has come. @type {Promise<number>} */
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
     * Tells what channels there are from now on.
     *
     * @param {string} name
     * @param {number} count
     */
    meet(name, count) {
      channels = Array.from({ length: count }, (_, index) => `${name}-${index}`)
      for (const channel of channels) arrivals.meet(channel)
    },

    /** Subscribes to all channels, and tells how long it took, in ms. */
    async subscribe() {
      const start = performance.now()
      await way.subscribe(channels)
      return performance.now() - start
    },

    /**
     * So many events will come.
     *
     * @param {number} count
     * @param {boolean} [isTimed] whether they say when they were published
     */
    expect(count, isTimed = false) {
      latencies = []
      arrivals.observer = isTimed ? (data) => latencies.push(now() - timeOf(data)) : undefined
      arrivals.reset()
      arrived = waiting.forTotal(count).then(now)
      // It is told to who asks.
      arrived.catch(() => {})
    },

    /** Resolves with the time when all that was to come has come. */
    arrived: () => arrived,

    /** @throws if an event was lost or doubled, or something else has happened that must not */
    check() {
      if (arrivals.failure !== undefined) throw arrivals.failure
    },

    /**
     * Publishes so many events, to each channel in turn, and tells when it began.
     *
     * @param {{ count: number, unacknowledged: number }} load `unacknowledged`: how many may be under way
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
     * Publishes at a steady rate, asks the broker the shortest question in between, and tells how long the answers took.
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

    /** How long the events were under way, once all have come. */
    async latency() {
      await arrived
      return quantilesOf(latencies)
    },
  })
}

/**
 * @param {number} number which one of its channel it is
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
