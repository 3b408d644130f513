// The load client, in its own process: opens streams, makes the server publish, and counts what arrives.
import { setTimeout as sleep } from 'node:timers/promises'
import { answer, options as server } from '../answering.mjs'
import { quantile } from '../statistics.mjs'
import { Publisher } from './publisher.mjs'
import { openStream, Streams } from './streams.mjs'
import { Waiting } from './waiting.mjs'

/** @typedef {import('./workload.mjs').Workload} Workload */

const streams = new Streams()
const waiting = new Waiting(streams)
const publisher = await Publisher.connect(server)

answer(undefined, {
  /**
   * Opens streams until there are `count`.
   *
   * @param {{ count: number, paths?: number }} wanted `paths`: how many different paths the streams request: `/0`, `/1`, …
   */
  open: ({ count, paths }) =>
    streams.open(server, count, paths === undefined ? undefined : (index) => `/${index % paths}`),

  pause: () => streams.pause(),

  close: () => streams.close(),

  /**
   * Publishes repeatedly, each time as soon as every event of the previous publication has arrived on all streams.
   * Neither side ever has a queue, so nothing is coalesced and nothing is saturated.
   *
   * @param {Workload} workload
   * @param {{ publications: number, deliveries: number, each: number }} expected how many times; how many events arrive
   *   each time; how many each stream has in the end
   */
  async publish(workload, { publications, deliveries, each }) {
    streams.reset()
    for (let n = 1; n <= publications; n++) {
      publisher.publish(workload)
      await waiting.forTotal(n * deliveries)
    }
    streams.requireEach(each)
  },

  /**
   * Publishes at a steady rate, whether or not the server keeps up, and resolves with how long events took from this
   * process and back to it, in ms.
   *
   * @param {Workload} workload
   * @param {{ perSecond: number, publications: number }} pace
   */
  async latency(workload, pace) {
    const sentAt = new Float64Array(pace.publications)
    const samples = new Float64Array(pace.publications * streams.received.length)
    let length = 0
    streams.reset()
    // Streams are in order, without loss or duplicates: the n-th event that one receives is the n-th that was
    // published.
    const stop = waiting.observe((_index, first, count) => {
      const now = performance.now()
      for (let n = first; n < first + count; n++) samples[length++] = now - (sentAt[n] ?? Number.NaN)
    })
    await publisher.publishSteadily(workload, pace, (n) => {
      sentAt[n] = performance.now()
    })
    await waiting.forTotal(samples.length)
    streams.requireEach(pace.publications)
    stop()
    samples.sort()
    return { p50: quantile(samples, 0.5), p99: quantile(samples, 0.99) }
  },

  /**
   * Publishes without waiting for deliveries.
   *
   * @param {Workload} workload
   * @param {{ perSecond: number, publications: number }} pace
   */
  publishBlindly: (workload, pace) => publisher.publishSteadily(workload, pace),

  /**
   * Counts the events that arrive without being triggered.
   *
   * @param {string} marker what occurs once in each event
   * @param {number} durationMs
   */
  async count(marker, durationMs) {
    streams.reset(marker)
    await sleep(durationMs)
    if (streams.failure !== undefined) throw streams.failure
    return { total: streams.total, least: Math.min(...streams.received), most: Math.max(...streams.received) }
  },

  /**
   * Makes short visits: connects, requests the stream, reads the first bytes, disconnects, and waits until the server
   * has closed its side.
   *
   * @param {{ count: number, concurrency: number }} visits
   */
  async visit({ count, concurrency }) {
    let next = 0
    const visitNext = async () => {
      while (next++ < count) await visit()
    }
    await Promise.all(Array.from({ length: concurrency }, visitNext))
  },

  /**
   * Requests the retained events, and receives all of them.
   *
   * @param {{ count: number, events: number }} replays how many streams, one after another, and how many events each
   *   gets
   */
  async replay({ count, events }) {
    for (let n = 0; n < count; n++) {
      await streams.open(server, 1, () => server.replayPath)
      await waiting.forTotal(events)
      streams.requireEach(events)
      await streams.close()
    }
  },

  /** Allows the server to end the streams from now on. */
  expectEnd() {
    streams.reset()
    streams.mayEnd = true
  },

  /** Resolves with the time when all streams have ended; each must have received one event before. */
  async awaitEnd() {
    await streams.ended()
    streams.requireEach(1)
    return process.hrtime.bigint()
  },
})

function visit() {
  return new Promise((resolve, reject) => {
    let hasRead = false
    const socket = openStream(server.port, '/', () => {
      hasRead = true
      socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => (hasRead ? resolve(undefined) : reject(new Error('a stream ended before its first byte'))))
  })
}
