import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Writable } from 'node:stream'

/** Reads process ids until nobody can send more; then ends the last one and removes the folder. */
const SCRIPT = 'while read -r next; do pid=$next; done; kill -9 "$pid"; rm -rf "$1"'

/**
 * Cleans up after a broker, however the process that started it ends, `kill -9` among the ways: a broker that outlives its
 * test keeps its port, its folder and its share of the machine. It is a shell whose standard input closes with that process.
 */
export class Caretaker {
  readonly #shell: ChildProcess
  readonly #input: Writable

  /** @param folder what is removed in the end */
  constructor(folder: string) {
    // In a process group of its own, since Ctrl-C goes to all of this one.
    const shell = spawn('sh', ['-c', SCRIPT, 'caretaker', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    shell.stdin.on('error', () => {})
    this.#input = shell.stdin
    this.#shell = shell
  }

  /** Whom to end, in place of whoever it was before; nobody if it is undefined. */
  watch(pid: number | undefined): void {
    this.#input.write(`${pid ?? ''}\n`)
  }

  /** Has it clean up now. Idempotent. */
  async done(): Promise<void> {
    if (this.#shell.exitCode !== null) return
    const exit = once(this.#shell, 'exit')
    this.#input.end()
    await exit
  }
}
