import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/**
 * `NODE_OPTIONS` that make every process and thread of an example run a function first. The function is passed as text,
 * so it cannot use anything of its module.
 */
export function preload(first: () => void): string {
  return `--import=data:text/javascript,${encodeURIComponent(`(${first})()`)}`
}

/** An example that runs in its own process, exactly as it is shown. */
export class RunningExample {
  /** Resolves to its exit code, once neither it nor the processes that it started can print anything more. */
  readonly exited: Promise<number | null>
  /** What it and those processes have printed to stderr. */
  stderr = ''
  readonly #child: ChildProcess
  #stdout = ''
  #onOutput: () => void = () => {}

  /** @param example the name of an example of this folder, or the file of another one */
  constructor(example: string | URL, env: NodeJS.ProcessEnv) {
    const file = fileURLToPath(new URL(typeof example === 'string' ? `../${example}.mjs` : example, import.meta.url))
    this.#child = spawn(process.execPath, [file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Under NODE_ENV=test, which Jest sets, frameworks do not report some errors.
      env: { ...process.env, NODE_ENV: 'production', PORT: '0', ...env },
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#onOutput()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
      this.#onOutput()
    })
    this.exited = once(this.#child, 'close').then(([code]) => code)
  }

  /** Resolves to its address, once that was printed `times` times: every worker prints it. */
  async listens(times = 1): Promise<string> {
    for (;;) {
      const ports = [...this.#stdout.matchAll(/\bport: (\d+)/g)]
      if (ports.length >= times) return `http://127.0.0.1:${ports[0]?.[1]}`
      await this.#saysMore()
    }
  }

  /** Resolves once stderr contains `what` at least `times` times. */
  async complains(what: string, times = 1): Promise<void> {
    while (this.stderr.split(what).length <= times) await this.#saysMore()
  }

  /** Sends SIGTERM; resolves to its exit code. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.exited
  }

  destroy(): void {
    this.#child.kill('SIGKILL')
  }

  async #saysMore(): Promise<void> {
    const next = new Promise<boolean>((resolve) => {
      this.#onOutput = () => resolve(true)
    })
    if ((await Promise.race([next, this.exited])) !== true) throw new Error(`the example has ended: ${this.stderr}`)
  }
}
