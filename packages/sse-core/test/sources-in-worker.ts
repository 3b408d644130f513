import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'

type Core = typeof import('@ssekit/sse-core')

/** What the function in the worker has besides the core: messages from and to the test, and what was there before. */
export interface Mailbox {
  /** How many listeners the thread's `process` had for each event before the core was loaded. */
  readonly listenersBefore: Readonly<Record<string, number>>
  post(message: unknown): void
  /** The next message of the test. */
  receive(): Promise<unknown>
}

const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url))
let bundle: Promise<string> | undefined

/** The sources as one script, so that a thread that knows no TypeScript runs what the tests run. */
function bundled(): Promise<string> {
  bundle ??= build({ entryPoints: [entry], bundle: true, write: false, format: 'cjs', platform: 'node' }).then(
    ({ outputFiles: [file] }) => `(function (module, require) { ${file?.text}\n return module.exports })`,
  )
  return bundle
}

const PRELUDE = `
  const { parentPort, workerData } = require('node:worker_threads')
  const inbox = []
  const readers = []
  parentPort.on('message', (message) => {
    const reader = readers.shift()
    if (reader === undefined) inbox.push(message)
    else reader(message)
  })
  const mailbox = {
    post: (message) => parentPort.postMessage({ message }),
    receive: () => new Promise((resolve) => (inbox.length > 0 ? resolve(inbox.shift()) : readers.push(resolve))),
    listenersBefore: Object.fromEntries(process.eventNames().map((name) => [name, process.listenerCount(name)])),
  }
  const load = require('node:vm').runInThisContext(workerData, { filename: 'sse-core.js' })
`

/** A thread of its own with the core in it. */
export class CoreWorker {
  readonly #worker: Worker
  readonly #messages: unknown[] = []
  readonly #readers: ((message: unknown) => void)[] = []
  /** What the function returned. */
  readonly result: Promise<unknown>

  /** @param code what runs in the worker; it sees nothing of the test's scope */
  static async start(code: (core: Core, mailbox: Mailbox) => Promise<unknown>): Promise<CoreWorker> {
    return new CoreWorker(await bundled(), code)
  }

  private constructor(script: string, code: (core: Core, mailbox: Mailbox) => Promise<unknown>) {
    this.#worker = new Worker(
      `${PRELUDE}
      ;(${code})(load({ exports: {} }, require), mailbox)
        .then((result) => parentPort.postMessage({ result }))
        .finally(() => parentPort.unref())`,
      // Warnings belong to the thread's test, not on the terminal.
      { eval: true, workerData: script, stderr: true },
    )
    this.result = new Promise((resolve, reject) => {
      this.#worker.on('message', (mail: { result?: unknown; message?: unknown }) => {
        if ('result' in mail) resolve(mail.result)
        else if (this.#readers.length > 0) this.#readers.shift()?.(mail.message)
        else this.#messages.push(mail.message)
      })
      this.#worker.on('error', reject)
      this.#worker.on('exit', () => reject(new Error('the worker ended without a result')))
    })
  }

  post(message: unknown): void {
    this.#worker.postMessage(message)
  }

  async receive(): Promise<unknown> {
    if (this.#messages.length > 0) return this.#messages.shift()
    return new Promise((resolve) => {
      this.#readers.push(resolve)
    })
  }
}

/** What a function returns that runs in a thread of its own, with the core in it. */
export async function runInWorker(code: (core: Core, mailbox: Mailbox) => Promise<unknown>): Promise<unknown> {
  const worker = await CoreWorker.start(code)
  return worker.result
}
