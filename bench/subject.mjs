import { setTimeout as sleep } from 'node:timers/promises'
import { candidate } from './candidates.mjs'
import { cpuMs, residentBytes, Script } from './process.mjs'

/**
 * Long enough for a server to become idle after its last event. Only then is the kernel's count of its CPU time exact.
 */
export const SETTLE_MS = 3

const CLIENT = new URL('load/client.mjs', import.meta.url)

/**
 * The cost of some work.
 *
 * @typedef {object} Usage
 * @property {number} cpuMs CPU time of the server
 * @property {number} clientShare how much of one CPU its client used meanwhile
 */

/** One candidate that is measured: its server, and its own load client, which reads from it. */
export class Subject {
  #busyAt = Number.NEGATIVE_INFINITY

  /**
   * @param {import('./candidates.mjs').CandidateId} id
   * @param {Readonly<Record<string, unknown>>} options for the server, in addition to those of the candidate
   * @returns {Promise<Subject | { leftOut: string }>}
   */
  static async start(id, options = {}) {
    const { script, options: own } = candidate(id)
    const server = await Script.start(new URL(`servers/${script}`, import.meta.url), { ...own, ...options })
    if (server.ready.leftOut !== undefined) {
      await server.stop()
      return { leftOut: server.ready.leftOut }
    }
    return new Subject(id, server, await Script.start(CLIENT, server.ready))
  }

  /**
   * Starts a candidate that every machine has, passes it to the work, and stops it whatever happens.
   *
   * @template T
   * @param {import('./candidates.mjs').CandidateId} id
   * @param {Readonly<Record<string, unknown>>} options
   * @param {(subject: Subject) => Promise<T>} work
   * @returns {Promise<T>}
   */
  static async with(id, options, work) {
    const subject = await Subject.start(id, options)
    if (!(subject instanceof Subject)) throw new Error(`${id}: ${subject.leftOut}`)
    try {
      return await work(subject)
    } finally {
      await subject.stop()
    }
  }

  /**
   * @param {import('./candidates.mjs').CandidateId} id
   * @param {Script} server
   * @param {Script} client
   */
  constructor(id, server, client) {
    this.id = id
    this.server = server
    this.client = client
  }

  /** The process whose CPU and memory count. */
  get pid() {
    return /** @type {number} */ (this.server.ready.pid ?? this.server.pid)
  }

  get residentBytes() {
    return residentBytes(this.pid)
  }

  /**
   * Measures what some work of the client costs the server.
   *
   * @param {() => Promise<unknown>} work
   * @returns {Promise<Usage>}
   */
  async usage(work) {
    await sleep(SETTLE_MS)
    const start = { server: cpuMs(this.pid), client: cpuMs(this.client.pid), wall: performance.now() }
    await work()
    const wallMs = performance.now() - start.wall
    this.#busyAt = performance.now()
    await sleep(SETTLE_MS)
    return {
      cpuMs: cpuMs(this.pid) - start.server,
      clientShare: (cpuMs(this.client.pid) - start.client) / wallMs,
    }
  }

  /** Resolves after the server has been idle for `ms`. @param {number} ms */
  async rest(ms) {
    const left = this.#busyAt + ms - performance.now()
    if (left > 0) await sleep(left)
  }

  /** Starts another client of the same server. */
  startClient() {
    return Script.start(CLIENT, this.server.ready)
  }

  async stop() {
    await this.client.stop()
    await this.server.stop()
  }
}
