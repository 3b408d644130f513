import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { freePort } from '../network/free-port.js'
import { certificate } from '../subjects/certificate.js'
import { Caretaker } from './caretaker.js'

const START_TIMEOUT_MS = 15_000
const MAX_ATTEMPTS = 10
/** How much of its log is kept, to be shown when it does not start. */
const LOG_LENGTH = 4_000

/** How a broker is started. */
export interface BrokerProgram {
  readonly name: string
  readonly executable: string | undefined
  /** Appears in its log once it accepts connections. */
  readonly readyLine: RegExp
  args(place: BrokerPlace): readonly string[]
}

/** The port and files of a broker. */
interface BrokerPlace {
  readonly port: number
  /** The folder of its data. */
  readonly data: string
  /** Files with a key and a self-signed certificate for 127.0.0.1. */
  readonly keyFile: string
  readonly certFile: string
}

/** A real broker in a separate process, on a port of this machine and with data in a temporary folder. */
export abstract class Broker {
  /** The certificate that clients must trust, if it uses TLS. */
  readonly ca: string = certificate.cert
  /** Where its data is, until it is stopped. */
  readonly folder: string
  readonly #program: BrokerProgram
  readonly #caretaker: Caretaker
  #port = 0
  #child: ChildProcess | undefined

  protected constructor(program: BrokerProgram) {
    this.#program = program
    this.folder = mkdtempSync(join(tmpdir(), `ssekit-${program.name}-`))
    this.#caretaker = new Caretaker(this.folder)
    writeFileSync(this.#keyFile, certificate.key)
    writeFileSync(this.#certFile, certificate.cert)
    mkdirSync(this.#data)
  }

  /** Stays the same when it is restarted. */
  get port(): number {
    return this.#port
  }

  /** The id of its process, which changes with a restart; undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Ends it as a power failure does (`SIGKILL`). Resolves when it has exited; at once if it is down already. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  /** Kills it, unless it is down already, and starts it on the same port with the data that it has on disk. */
  async restart(): Promise<void> {
    await this.kill()
    await this.#start()
  }

  /** Kills it, unless it is down already, and starts it on the same port with no data. */
  async restartEmpty(): Promise<void> {
    await this.kill()
    rmSync(this.#data, { recursive: true })
    mkdirSync(this.#data)
    await this.#start()
  }

  /**
   * Stops its process (`SIGSTOP`): connections are accepted, by the kernel, and never answered. On Linux, resolves once all
   * its threads have stopped: a thread on another core may continue for a moment.
   */
  async pause(): Promise<void> {
    const child = this.#child
    child?.kill('SIGSTOP')
    while (this.#child === child && isMoving(child?.pid)) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Continues its process. */
  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Kills it and removes its data. Idempotent. */
  async stop(): Promise<void> {
    await this.kill()
    await this.#caretaker.done()
  }

  /** Starts it for the first time, on a free port if none is given. */
  protected async launch(port: number | undefined): Promise<this> {
    try {
      for (let attempt = 1; ; attempt++) {
        this.#port = port ?? (await freePort())
        try {
          await this.#start()
          return this
        } catch (error) {
          // Another program may have taken the port; if the port was given, that is an error.
          const isTaken = /address already in use/i.test(String(error))
          if (!isTaken || port !== undefined || attempt === MAX_ATTEMPTS) throw error
        }
      }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #start(): Promise<void> {
    const { name, executable, args } = this.#program
    if (executable === undefined) throw new Error(`no ${name} was found; install it, or set its environment variable`)
    const place = { port: this.#port, data: this.#data, keyFile: this.#keyFile, certFile: this.#certFile }
    const child = spawn(executable, args(place), { cwd: this.#data, stdio: ['ignore', 'pipe', 'pipe'] })
    if (child.pid !== undefined) {
      this.#child = child
      this.#caretaker.watch(child.pid)
      child.once('exit', () => {
        this.#child = undefined
        this.#caretaker.watch(undefined)
      })
    }
    await this.#ready(child)
  }

  #ready(child: ChildProcessByStdio<null, Readable, Readable>): Promise<void> {
    const { name, readyLine } = this.#program
    let log = ''
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer)
        reject(new Error(`${name} ${why}; the end of its log:\n${log}`))
      }
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        fail(`was not ready within ${START_TIMEOUT_MS} ms`)
      }, START_TIMEOUT_MS)
      for (const output of [child.stdout, child.stderr]) {
        output.setEncoding('utf8').on('data', (text: string) => {
          log = (log + text).slice(-LOG_LENGTH)
          if (!readyLine.test(log)) return
          clearTimeout(timer)
          resolve()
        })
      }
      child.once('error', ({ message }) => fail(`could not be started: ${message}`))
      // By then its log is complete.
      child.once('close', (code, signal) => fail(`ended with ${signal ?? code} before it was ready`))
    })
  }

  get #data(): string {
    return join(this.folder, 'data')
  }

  get #keyFile(): string {
    return join(this.folder, 'key.pem')
  }

  get #certFile(): string {
    return join(this.folder, 'cert.pem')
  }
}

/** Whether any thread of a process is not stopped. */
function isMoving(pid: number | undefined): boolean {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return false
  try {
    // The state comes after the name, which is in brackets and may contain anything.
    return readdirSync(tasks).some((task) => !/\) T [^)]*$/.test(readFileSync(`${tasks}/${task}/stat`, 'utf8')))
  } catch {
    // A thread has just ended.
    return true
  }
}
