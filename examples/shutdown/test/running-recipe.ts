import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll } from '@jest/globals'
import { RawClient } from '@ssekit/sse-testkit'
import type { Order, Report, Role } from './inside.mjs'

const inside = new URL('inside.mjs', import.meta.url).href

/** How long a client waits for data, in ms: long enough for a busy machine. */
const TIMEOUT_MS = 60_000

const running = new Set<RunningRecipe>()
// A test that fails or times out leaves its recipe running.
afterAll(() => {
  for (const recipe of running) recipe.destroy()
})

/** How a process ended, and what it printed. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A recipe that runs in its own process, exactly as it is shown. */
export class RunningRecipe {
  readonly reports: Report[] = []
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  readonly #clients: RawClient[] = []
  #onReport: () => void = () => {}

  private constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (report: Report) => {
      this.reports.push(report)
      this.#onReport()
    })
    this.exited = this.#exit()
  }

  /** Resolves once it listens. It is killed when the tests of the file are over, if it still runs. */
  static async start(name: string): Promise<RunningRecipe> {
    const file = fileURLToPath(new URL(`../${name}.mjs`, import.meta.url))
    const child = spawn(process.execPath, ['--import', inside, file], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Under NODE_ENV=test, which Jest sets, frameworks do not report some errors.
      env: { ...process.env, NODE_ENV: 'production' },
    })
    const recipe = new RunningRecipe(child)
    running.add(recipe)
    await recipe.reported('listening')
    return recipe
  }

  /** Connects a client that sends no request yet. */
  async connect(): Promise<RawClient> {
    const [listening] = this.all('listening')
    const client = await RawClient.connect(`http://127.0.0.1:${listening?.port}`, TIMEOUT_MS)
    this.#clients.push(client)
    return client
  }

  /** Sends a request in a role that `inside.mjs` knows. */
  async ask(path: string, role?: Role): Promise<RawClient> {
    return (await this.connect()).send({ path, headers: role === undefined ? {} : { 'X-Role': role } })
  }

  tell(order: Order): void {
    this.#child.send(order)
  }

  /** Sends SIGTERM; returns the time, in ms of the clock that reports use. */
  terminate(): number {
    const atMs = Number(process.hrtime.bigint()) / 1e6
    this.#child.kill('SIGTERM')
    return atMs
  }

  /** All reports of a type so far. */
  all<T extends Report['type']>(type: T): Extract<Report, { type: T }>[] {
    return this.reports.filter((report): report is Extract<Report, { type: T }> => report.type === type)
  }

  /** Resolves once there is a report of this type; rejects if the process exits first. */
  async reported(type: Report['type']): Promise<void> {
    while (this.all(type).length === 0) {
      const next = new Promise<undefined>((resolve) => {
        this.#onReport = () => resolve(undefined)
      })
      const exit = await Promise.race([next, this.exited])
      if (exit !== undefined) throw new Error(`no report of ${type} before the end: ${JSON.stringify(exit)}`)
    }
  }

  destroy(): void {
    for (const client of this.#clients) client.destroy()
    this.#child.kill('SIGKILL')
  }

  async #exit(): Promise<Exit> {
    let stdout = ''
    let stderr = ''
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [code, signal] = await once(this.#child, 'close')
    return { code, signal, stdout, stderr }
  }
}
