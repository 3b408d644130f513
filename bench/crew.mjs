import { setTimeout as sleep } from 'node:timers/promises'
import { candidate } from './candidates.mjs'
import { Contest } from './contest.mjs'
import { cpuMs, Script } from './process.mjs'
import { SETTLE_MS } from './subject.mjs'

/** The candidates of every comparison of backplanes. @type {import('./contest.mjs').Cast} */
export const cast = {
  ioredis: null,
  'ioredis-again': 'ioredis',
  'ssekit-ioredis': 'ioredis',
  transmit: 'ioredis',
  'node-redis': null,
  'ssekit-node-redis': 'node-redis',
  nats: null,
  'ssekit-nats': 'nats',
}

/** @typedef {import('./candidates.mjs').CandidateId} CandidateId */

/**
 * The cost of publishing a number of events.
 *
 * @typedef {object} Flood
 * @property {number} ms from publishing the first event until the last one had arrived everywhere
 * @property {number} publisherMs CPU time
 * @property {number} nodeMs CPU time of each node, on average
 * @property {number} brokerMs CPU time
 */

/** How many events a publisher may have in flight. */
const UNACKNOWLEDGED = 1_000

/** One backplane that is measured: its own broker, a process that publishes, and nodes that receive. */
export class Crew {
  /** The nodes that are subscribed. @type {Script[]} */
  #listening = []

  /**
   * @param {CandidateId} id
   * @param {number} nodes how many
   * @returns {Promise<Crew | { leftOut: string }>}
   */
  static async start(id, nodes) {
    const { script, broker: brokerScript } = candidate(id)
    const broker = await Script.start(new URL(`brokers/${brokerScript}`, import.meta.url))
    const { leftOut, port } = broker.ready
    if (leftOut !== undefined) {
      await broker.stop()
      return { leftOut }
    }
    const file = new URL(`backplanes/${script}`, import.meta.url)
    const starting = Array.from({ length: 1 + nodes }, () => Script.start(file, { host: '127.0.0.1', port }))
    const [publisher, ...others] = await Promise.all(starting)
    return new Crew(id, broker, /** @type {Script} */ (publisher), others)
  }

  /**
   * Runs several backplanes at once, and stops them whatever happens.
   *
   * @template T
   * @param {import('./contest.mjs').Cast} cast
   * @param {{ rounds: number, nodes: number }} settings
   * @param {(contest: Contest<Crew>) => Promise<T>} work
   * @returns {Promise<T>}
   */
  static compete(cast, { rounds, nodes }, work) {
    /** @type {Contest<Crew>} */
    const contest = new Contest(cast, rounds)
    return contest.hold(
      (id) => Crew.start(id, nodes),
      () => work(contest),
    )
  }

  /**
   * @param {CandidateId} id
   * @param {Script} broker
   * @param {Script} publisher
   * @param {Script[]} nodes
   */
  constructor(id, broker, publisher, nodes) {
    this.id = id
    this.broker = broker
    this.publisher = publisher
    this.nodes = nodes
  }

  /**
   * Sets the channels that all processes use from now on.
   *
   * @param {string} name
   * @param {number} count
   */
  async meet(name, count) {
    await Promise.all([this.publisher, ...this.nodes].map((script) => script.call('meet', name, count)))
  }

  /**
   * Subscribes this many nodes to those channels.
   *
   * @param {number} nodes
   * @returns {Promise<number>} how long it took, in ms
   */
  async listen(nodes) {
    this.#listening = this.nodes.slice(0, nodes)
    return Math.max(...(await Promise.all(this.#listening.map((node) => node.call('subscribe')))))
  }

  /** The node that is subscribed, if there is only one. */
  get node() {
    const [node, other] = this.#listening
    if (node === undefined || other !== undefined) throw new Error(`${this.#listening.length} nodes listen`)
    return node
  }

  /**
   * Publishes `count` events as fast as possible, until all nodes have all of them.
   *
   * @param {number} count
   * @returns {Promise<Flood>}
   */
  async flood(count) {
    const nodes = this.#listening
    await Promise.all(nodes.map((node) => node.call('expect', count)))
    await sleep(SETTLE_MS)
    const before = this.#cpu()
    const [start, ...ends] = await Promise.all([
      this.publisher.call('flood', { count, unacknowledged: UNACKNOWLEDGED }),
      ...nodes.map((node) => node.call('arrived')),
    ])
    await sleep(SETTLE_MS)
    const after = this.#cpu()
    await this.#check()
    return {
      ms: (Math.max(...ends) - start) / 1e6,
      publisherMs: after.publisher - before.publisher,
      nodeMs: (after.nodes - before.nodes) / nodes.length,
      brokerMs: after.broker - before.broker,
    }
  }

  /**
   * Publishes at a steady rate. Resolves with how long events took from process to process, and how long the broker's
   * responses to requests in between took, in ms.
   *
   * @param {{ perSecond: number, publications: number }} pace
   */
  async latency(pace) {
    const { node } = this
    await node.call('expect', pace.publications, true)
    const [roundTrip, event] = await Promise.all([this.publisher.call('publishSteadily', pace), node.call('latency')])
    await sleep(SETTLE_MS)
    await this.#check()
    return { roundTrip, event }
  }

  async stop() {
    await Promise.all([...this.nodes, this.publisher].map((script) => script.stop()))
    await this.broker.stop()
  }

  /** Fails if a node received an event too many after the last one that was expected, or if something else went wrong. */
  async #check() {
    await Promise.all(this.#listening.map((node) => node.call('check')))
  }

  #cpu() {
    return {
      publisher: cpuMs(this.publisher.pid),
      nodes: this.#listening.reduce((sum, { pid }) => sum + cpuMs(pid), 0),
      broker: cpuMs(this.broker.ready.pid),
    }
  }
}
