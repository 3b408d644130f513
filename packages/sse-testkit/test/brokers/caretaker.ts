import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Reads process ids until its input closes; then kills the last one and removes the folder. */
const SCRIPT = 'while read -r next; do pid=$next; done; kill -9 "$pid"; rm -rf "$1"'

/**
 * Cleans up after a broker, however the process that started it ends, even by `kill -9`: a broker left running would keep its
 * port, its folder and its share of the machine. It is a shell whose standard input closes with that process.
 */
export class Caretaker {
  readonly #shell: ChildProcess
  readonly #input: Writable

  /** @param folder removed at the end */
  constructor(folder: string) {
    // In its own process group, since Ctrl-C goes to the whole group.
    const shell = spawn('sh', ['-c', SCRIPT, 'caretaker', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    shell.stdin.on('error', () => {})
    this.#input = shell.stdin
    this.#shell = shell
  }

  /** Sets the process to kill, instead of the previous one; none if undefined. */
  watch(pid: number | undefined): void {
    this.#input.write(`${pid ?? ''}\n`)
  }

  /** Cleans up now. Idempotent. */
  async done(): Promise<void> {
    if (this.#shell.exitCode !== null) return
    const exit = once(this.#shell, 'exit')
    this.#input.end()
    await exit
  }
}
