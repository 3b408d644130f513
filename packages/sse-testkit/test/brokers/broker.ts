import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificate } from '../subjects/certificate.js'
import { Caretaker } from './caretaker.js'
import { freePort } from './free-port.js'

const START_TIMEOUT_MS = 15_000
/** How much of its log is kept, to be shown when it does not start. */
const LOG_LENGTH = 4_000

/** How a broker is started. */
export interface BrokerProgram {
  readonly name: string
  readonly executable: string | undefined
  /** In its log once it takes connections. */
  readonly readyLine: RegExp
  args(place: BrokerPlace): readonly string[]
}

/** Where a broker finds itself. */
export interface BrokerPlace {
  readonly port: number
  /** The folder of its data. */
  readonly data: string
  /** Files with a key and a certificate for 127.0.0.1 that has signed itself. */
  readonly keyFile: string
  readonly certFile: string
}

/** A real broker in a process of its own, on a port of this machine and with data in a temporary folder. */
export abstract class Broker {
  /** The certificate that clients have to trust, if it speaks TLS. */
  readonly ca: string = certificate.cert
  readonly #program: BrokerProgram
  readonly #folder: string
  readonly #caretaker: Caretaker
  #port = 0
  #child: ChildProcess | undefined
  #log = ''

  protected constructor(program: BrokerProgram) {
    this.#program = program
    this.#folder = mkdtempSync(join(tmpdir(), `ssekit-${program.name}-`))
    this.#caretaker = new Caretaker(this.#folder)
    writeFileSync(this.#keyFile, certificate.key)
    writeFileSync(this.#certFile, certificate.cert)
    mkdirSync(this.#data)
  }

  /** Stays the same when it is restarted. */
  get port(): number {
    return this.#port
  }

  /** Its process, which is another one after a restart; undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** The end of its log. */
  get log(): string {
    return this.#log
  }

  /** Ends it as a power failure does (`SIGKILL`). Resolves when it is gone; at once if it is already. */
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

  /** Stops it in its tracks (`SIGSTOP`): connections are accepted, by the kernel, and never answered. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  /** Lets it go on. */
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
      for (;;) {
        this.#port = port ?? (await freePort())
        try {
          await this.#start()
          return this
        } catch (error) {
          if (port !== undefined || !/address already in use/i.test(this.#log)) throw error
        }
      }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async #start(): Promise<void> {
    const { name, executable, readyLine, args } = this.#program
    if (executable === undefined) throw new Error(`no ${name} was found; install it, or set its environment variable`)
    this.#log = ''
    const place = { port: this.#port, data: this.#data, keyFile: this.#keyFile, certFile: this.#certFile }
    const child = spawn(executable, args(place), { cwd: this.#data, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#caretaker.watch(child.pid)
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer)
        reject(new Error(`${name} ${why}; the end of its log:\n${this.#log}`))
      }
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        fail(`was not ready within ${START_TIMEOUT_MS} ms`)
      }, START_TIMEOUT_MS)
      for (const output of [child.stdout, child.stderr]) {
        output.setEncoding('utf8').on('data', (text: string) => {
          this.#log = (this.#log + text).slice(-LOG_LENGTH)
          if (!readyLine.test(this.#log)) return
          clearTimeout(timer)
          resolve()
        })
      }
      child.on('error', (error) => fail(`could not be started: ${error.message}`))
      child.on('exit', () => {
        this.#child = undefined
        this.#caretaker.watch(undefined)
      })
      // When its log is complete, too.
      child.on('close', (code, signal) => fail(`ended with ${signal ?? code} before it was ready`))
    })
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }

  get #keyFile(): string {
    return join(this.#folder, 'key.pem')
  }

  get #certFile(): string {
    return join(this.#folder, 'cert.pem')
  }
}
