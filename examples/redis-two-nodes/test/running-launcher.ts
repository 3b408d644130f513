import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../../../scripts/programs.mjs'

const program = fileURLToPath(new URL('../start.mjs', import.meta.url))

/** The program that `npm run start:two-nodes` runs, in its own process. */
export class RunningLauncher {
  /** The exit code, and the stderr of the launcher and its programs. Resolves once none of them can print anything more. */
  readonly exited: Promise<{ code: number | null; stderr: string }>
  readonly #child: ChildProcess
  readonly #output: Interface
  readonly #lines: string[] = []
  // The launcher makes its temporary folder in this one.
  readonly #folder = mkdtempSync(join(tmpdir(), 'ssekit-test-'))

  constructor(env: NodeJS.ProcessEnv = {}) {
    const { REDIS_URL: _, ...inherited } = process.env
    this.#child = spawn(process.execPath, [program], {
      env: {
        ...inherited,
        // Under NODE_ENV=test, which Jest sets, frameworks do not report some errors.
        NODE_ENV: 'production',
        PORT: '0',
        TMPDIR: this.#folder,
        REDIS_SERVER: findProgram('redis'),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#output = createInterface(this.#child.stdout as Readable)
    this.#output.on('line', (line) => this.#lines.push(line))
    this.exited = this.#exit()
  }

  /** Resolves to the address of the page, once everything runs. */
  address(): Promise<string> {
    return this.#said(/^Open (http\S+),/)
  }

  /** Resolves to the process id of a program, once it was started `starts` times. */
  async pid(name: string, starts = 1): Promise<number> {
    return Number(await this.#said(new RegExp(`^${name} .*kill -9 (\\d+)$`), starts))
  }

  /** The ids of its running processes, and the names of its temporary folders. */
  get leftovers(): (number | string)[] {
    return [...this.#livingPids, ...readdirSync(this.#folder)]
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Kills its processes and removes its folders, also after a test that failed. */
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
      if (exit !== undefined) throw new Error(`the launcher exited without printing ${what}: ${JSON.stringify(exit)}`)
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
