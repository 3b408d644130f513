import { fork } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * The CPU time that a process has used so far, user and system, all threads, in ms. The kernel counts it in ns, and
 * reading it costs the process itself nothing. It is exact while the process sleeps.
 *
 * @param {number} pid
 */
export function cpuMs(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const ns = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]))
  return ns.reduce((sum, each) => sum + each, 0) / 1e6
}

/** Resident memory of a process, in bytes. @param {number} pid */
export function residentBytes(pid) {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

/** A script that runs in its own process and answers calls. */
export class Script {
  /** The value with which it reported that it is ready. @type {any} */
  ready
  #child
  #calls = new Map()
  #nextCall = 0
  /** @type {Error | undefined} */
  #failure

  /**
   * @param {URL} file
   * @param {unknown} [options] passed to the script
   * @returns {Promise<Script>} once it has reported that it is ready
   */
  static async start(file, options = {}) {
    const script = new Script(file, options)
    script.ready = await script.#expect('ready')
    return script
  }

  /**
   * @param {URL} file
   * @param {unknown} options
   */
  constructor(file, options) {
    // Some packages print warnings about listeners and headers that do not matter here.
    const execArgv = ['--expose-gc', '--no-warnings']
    const name = file.pathname.split('/').at(-1)
    this.#child = fork(file, [JSON.stringify(options)], { execArgv, serialization: 'advanced' })
    this.#child.on('message', (/** @type {any} */ { id, value, error }) => {
      const call = this.#calls.get(id)
      this.#calls.delete(id)
      if (error === undefined) call?.resolve(value)
      else call?.reject(new Error(`${name}: ${error}`))
    })
    this.#child.on('exit', (code, signal) => {
      this.#failure = new Error(`${name} ended (${signal ?? code})`)
      for (const call of this.#calls.values()) call.reject(this.#failure)
      this.#calls.clear()
    })
  }

  get pid() {
    return /** @type {number} */ (this.#child.pid)
  }

  /**
   * Calls a function that the script offers under this name.
   *
   * @param {string} name
   * @param {...unknown} args
   * @returns {Promise<any>}
   */
  call(name, ...args) {
    const id = this.#nextCall++
    const result = this.#expect(id)
    if (this.#failure === undefined) this.#child.send({ id, name, args })
    return result
  }

  /** Resolves with the exit code when the process has ended by itself; null if a signal ended it. */
  ended() {
    if (this.#failure !== undefined) return Promise.resolve(this.#child.exitCode)
    return new Promise((resolve) => {
      this.#child.once('exit', resolve)
    })
  }

  /** Ends the process, and any processes that it started. */
  async stop() {
    const ended = this.ended()
    if (this.#child.connected) this.#child.disconnect()
    await ended
  }

  /** @param {unknown} id */
  #expect(id) {
    return new Promise((resolve, reject) => {
      if (this.#failure === undefined) this.#calls.set(id, { resolve, reject })
      else reject(this.#failure)
    })
  }
}
