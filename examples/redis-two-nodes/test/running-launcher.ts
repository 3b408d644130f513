import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { findRedis } from '../../../scripts/brokers.mjs'

const program = fileURLToPath(new URL('../start.mjs', import.meta.url))

/** What `npm start` runs, as a process of its own. */
export class RunningLauncher {
  /** How it ended, and what it and its programs said of mistakes. Resolves once none of them can say more. */
  readonly exited: Promise<{ code: number | null; stderr: string }>
  readonly #child: ChildProcess
  readonly #output: Interface
  readonly #lines: string[] = []
  // Its temporary folder is made in here.
  readonly #folder = mkdtempSync(join(tmpdir(), 'ssekit-test-'))

  constructor(env: NodeJS.ProcessEnv = {}) {
    const { REDIS_URL: _, ...inherited } = process.env
    this.#child = spawn(process.execPath, [program], {
      env: {
        ...inherited,
        // Under NODE_ENV=test, which Jest sets, frameworks keep some errors to themselves.
        NODE_ENV: 'production',
        PORT: '0',
        TMPDIR: this.#folder,
        REDIS_SERVER: findRedis(),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#output = createInterface(this.#child.stdout as Readable)
    this.#output.on('line', (line) => this.#lines.push(line))
    this.exited = this.#exit()
  }

  /** Resolves to where the page is, once everything runs. */
  address(): Promise<string> {
    return this.#said(/^Open (http\S+),/)
  }

  /** Resolves to the process of a program, once that has been started so many times. */
  async pid(name: string, starts = 1): Promise<number> {
    return Number(await this.#said(new RegExp(`^${name} .*kill -9 (\\d+)$`), starts))
  }

  /** Those of its processes that live, and whatever it has left in temporary folders. */
  get leftovers(): (number | string)[] {
    return [...this.#livingPids, ...readdirSync(this.#folder)]
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Ends what is left of it, after a test that may have failed. */
  async destroy(): Promise<void> {
    this.kill('SIGKILL')
    for (const pid of this.#livingPids) process.kill(pid, 'SIGKILL')
    await this.exited
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #livingPids(): number[] {
    const pids = this.#lines.flatMap((line) => /kill -9 (\d+)$/.exec(line)?.[1] ?? [])
    return pids.map(Number).filter(isAlive)
  }

  async #said(what: RegExp, times = 1): Promise<string> {
    for (;;) {
      const said = this.#lines.flatMap((line) => what.exec(line)?.[1] ?? [])
      if (said.length >= times) return said[times - 1] as string
      const exit = await Promise.race([once(this.#output, 'line').then(() => undefined), this.exited])
      if (exit !== undefined) throw new Error(`it has ended and not said ${what}: ${JSON.stringify(exit)}`)
    }
  }

  async #exit(): Promise<{ code: number | null; stderr: string }> {
    let stderr = ''
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [code] = await once(this.#child, 'close')
    return { code, stderr }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
