import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { within } from '../time-limit.js'

/**
 * A client whose machine has vanished: nothing of it reads, answers or hangs up any more.
 *
 * It is a separate process that is stopped (`SIGSTOP`; not on Windows). Its kernel still accepts data while it has
 * room, as the buffers on the way to a dead machine do.
 */
export class StoppedClient {
  readonly #process: ChildProcess
  readonly #kill = (): void => void this.#process.kill('SIGKILL')

  private constructor(child: ChildProcess) {
    this.#process = child
    // A stopped process would outlive the one that started it.
    process.once('exit', this.#kill)
  }

  /** Resolves once the headers of the response to a `GET` have arrived and the process is stopped. */
  static async open(url: string, httpVersion: 1 | 2 = 1): Promise<StoppedClient> {
    const child = spawn(process.execPath, ['--eval', PROGRAM, url, String(httpVersion)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const client = new StoppedClient(child)
    const answered = Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => Promise.reject(new Error(`no response came from ${url}`))),
    ])
    try {
      await within(answered, `the response headers of ${url}`)
    } catch (error) {
      client.destroy()
      throw error
    }
    child.kill('SIGSTOP')
    return client
  }

  /** Ends the process. Idempotent. */
  destroy(): void {
    this.#kill()
    process.off('exit', this.#kill)
  }
}

/** Requests a URL, reports when the response headers arrive, and continues to read until it is stopped. */
const PROGRAM = `
process.on('uncaughtException', () => process.exit(1))
const [url, version] = process.argv.slice(1)
const { origin, pathname, search } = new URL(url)
const options = { agent: false, rejectUnauthorized: false }
const opened = (body) => {
  body.resume()
  process.stdout.write('opened')
}
if (version === '2') {
  const stream = require('node:http2').connect(origin, options).request({ ':path': pathname + search })
  stream.on('response', () => opened(stream))
} else {
  require(url.startsWith('https:') ? 'node:https' : 'node:http').get(url, options, opened)
}
`
