import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answer } from '../answering.mjs'
import { freePort } from '../free-port.mjs'

/** How many characters of the broker's log are kept, to print them if it exits unexpectedly. */
const LOG_LENGTH = 4_000

/**
 * Runs a broker that ends together with this process.
 *
 * @param {object} broker
 * @param {string} broker.name
 * @param {string | undefined} broker.program
 * @param {RegExp} broker.readyLine in its log once it accepts connections
 * @param {(port: number, folder: string) => readonly string[]} broker.args
 */
export async function runBroker({ name, program, readyLine, args }) {
  if (program === undefined) {
    answer({ leftOut: `it needs ${name} (Debian: ${name})` }, {})
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'ssekit-bench-'))
  const port = await freePort()
  const child = spawn(program, args(port, folder), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  process.once('exit', () => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  // The bench handles Ctrl-C; when it ends, so does this process, ready or not.
  process.on('SIGINT', () => {})
  process.once('disconnect', () => process.exit())
  let log = ''
  const fail = () => {
    process.stderr.write(`${name} has exited:\n${log}`)
    process.exit(1)
  }
  child.once('error', fail).once('close', fail)
  await new Promise((resolve) => {
    for (const output of [child.stdout, child.stderr]) {
      output.setEncoding('utf8').on('data', (text) => {
        log = (log + text).slice(-LOG_LENGTH)
        if (readyLine.test(log)) resolve(undefined)
      })
    }
  })
  answer({ port, pid: child.pid }, {})
}
