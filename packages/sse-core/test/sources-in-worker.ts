import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'

type Core = typeof import('@ssekit/sse-core')

/** What the function in the worker has besides the core: messages from and to the test, and what was there before. */
export interface Mailbox {
  /** How many listeners the thread's `process` had for each event before the core was loaded. */
  readonly listenersBefore: Readonly<Record<string, number>>
  /** What async_hooks saw the loading of the core make that lives on: timers, even those that hold no process, sockets and the like. */
  readonly madeByLoading: readonly string[]
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
  const made = new Map()
  const hook = require('node:async_hooks').createHook({
    init: (id, type) => type === 'PROMISE' || made.set(id, type),
    destroy: (id) => made.delete(id),
  })
  hook.enable()
  const core = load({ exports: {} }, require)
  hook.disable()
  mailbox.madeByLoading = [...made.values()]
`

/** How long a thread that has nothing to wait for may take to end, in ms; a timer that holds it has to be longer. */
const EXIT_MS = 15_000

/** A thread of its own with the core in it. */
export class CoreWorker {
  readonly #worker: Worker
  readonly #messages: unknown[] = []
  readonly #readers: ((message: unknown) => void)[] = []
  /** What the function returned. */
  readonly result: Promise<unknown>
  readonly #exited: Promise<unknown>

  /** @param code what runs in the worker; it sees nothing of the test's scope */
  static async start(code: (core: Core, mailbox: Mailbox) => Promise<unknown>): Promise<CoreWorker> {
    return new CoreWorker(await bundled(), code)
  }

  private constructor(script: string, code: (core: Core, mailbox: Mailbox) => Promise<unknown>) {
    this.#worker = new Worker(
      `${PRELUDE}
      ;(${code})(core, mailbox)
        .then((result) => parentPort.postMessage({ result }))
        .finally(() => parentPort.unref())`,
      // Warnings belong to the thread's test, not on the terminal.
      { eval: true, workerData: script, stderr: true },
    )
    this.#exited = once(this.#worker, 'exit')
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

  /** Waits until the thread ends by itself, as a process does that has nothing to wait for. Rejects if something holds it. */
  async exit(): Promise<void> {
    await this.result
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the thread goes on ${EXIT_MS} ms after its result`)), EXIT_MS)
    })
    try {
      await Promise.race([this.#exited, late])
    } finally {
      clearTimeout(timer)
      await this.#worker.terminate()
    }
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
