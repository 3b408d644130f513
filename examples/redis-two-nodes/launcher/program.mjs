import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** How long a program that was killed stays away, in ms: long enough to see that the other node serves alone. */
const RESTART_MS = 3_000
/** How long a program may take to stop, in ms. */
const STOP_MS = 10_000

/**
 * @typedef {object} ProgramOptions
 * @property {string} name
 * @property {readonly [file: string, ...args: string[]]} command
 * @property {NodeJS.ProcessEnv} [env] beside that of this process
 * @property {number} [port] where it listens
 * @property {boolean} [isQuiet] whether what it prints is left out
 * @property {() => void} onChange it has been started, or has ended
 * @property {(message: unknown) => void} [onMessage] what it sends to its parent; without it there is no channel
 */

/** A program that is started again whenever it ends, until it is stopped. */
export class Program {
  #options
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child
  /** @type {NodeJS.Timeout | undefined} */
  #restart
  #isStopping = false

  /** @param {ProgramOptions} options */
  constructor(options) {
    this.#options = options
  }

  get name() {
    return this.#options.name
  }

  /** Undefined while it does not run. */
  get pid() {
    return this.#child?.pid
  }

  /**
   * Resolves once it listens, if it has a port.
   *
   * @throws {Error} `ENOENT`: there is no such program
   */
  async start() {
    if (this.#isStopping) return
    const { command, env, isQuiet, onMessage } = this.#options
    const [file, ...args] = command
    const output = isQuiet === true ? 'ignore' : 'inherit'
    const child = spawn(file, args, {
      env: { ...process.env, ...env },
      // Ctrl-C goes to all of the launcher's group; in groups of their own they stop in the order that the launcher chooses.
      detached: true,
      stdio: ['ignore', output, output, ...(onMessage === undefined ? [] : [/** @type {const} */ ('ipc')])],
    })
    await this.#watch(child)
    this.#say(`runs; end it by  kill -9 ${child.pid}`)
    await this.#listening()
  }

  kill() {
    this.#child?.kill('SIGKILL')
  }

  /** Asks it to stop; resolves when it is gone, and is not started again. */
  async stop() {
    this.#isStopping = true
    clearTimeout(this.#restart)
    const child = this.#child
    if (child === undefined) return
    const exit = once(child, 'exit')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    child.kill('SIGTERM')
    await exit
    clearTimeout(timer)
  }

  /** @param {import('node:child_process').ChildProcess} child */
  async #watch(child) {
    const { onChange, onMessage } = this.#options
    child.once('exit', (code, signal) => {
      this.#child = undefined
      onChange()
      if (this.#isStopping) return
      this.#say(`has ended (${signal ?? code}), and is started again in ${RESTART_MS / 1_000} s`)
      this.#startLater()
    })
    if (onMessage !== undefined) child.on('message', onMessage)
    const spawned = once(child, 'spawn')
    if (child.pid !== undefined) {
      this.#child = child
      onChange()
    }
    await spawned
  }

  #startLater() {
    this.#restart = setTimeout(() => {
      this.start().catch((error) => {
        this.#say(`cannot be started: ${error.message}`)
        if (!this.#isStopping) this.#startLater()
      })
    }, RESTART_MS)
  }

  async #listening() {
    const { port } = this.#options
    while (port !== undefined && !this.#isStopping) {
      const socket = net.connect(port, '127.0.0.1')
      try {
        await once(socket, 'connect')
        return
      } catch {
        await delay(50)
      } finally {
        socket.destroy()
      }
    }
  }

  /** @param {string} what */
  #say(what) {
    console.log(`${this.name.padEnd(9)} ${what}`)
  }
}
