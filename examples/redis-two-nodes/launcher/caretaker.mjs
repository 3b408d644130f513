import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Reads lists of process ids until nobody can send more; then ends those of the last one and removes the folder. */
const SCRIPT = 'while read -r next; do pids=$next; done; [ -z "$pids" ] || kill -9 $pids; rm -rf "$1"'

/**
 * Cleans up however the launcher ends, `kill -9` among the ways: a shell whose standard input closes with the launcher, in a
 * process group of its own, since Ctrl-C goes to all of this one.
 *
 * @param {string} folder what is removed in the end
 */
export function caretaker(folder) {
  const shell = spawn('sh', ['-c', SCRIPT, 'caretaker', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const exit = once(shell, 'exit')
  return {
    /**
     * Whom to end, in place of whoever it was before.
     *
     * @param {readonly number[]} pids
     */
    watch(pids) {
      shell.stdin.write(`${pids.join(' ')}\n`)
    },
    /** Has it clean up now. */
    async done() {
      shell.stdin.end()
      await exit
    },
  }
}
