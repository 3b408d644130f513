import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'

type Core = typeof import('@ssekit/sse-core')

/** What the function in the worker gets besides the core: messages from and to the test, and what loading the core changed. */
export interface Mailbox {
  /** How many listeners the thread's `process` had for each event before the core was loaded. */
  readonly listenersBefore: Readonly<Record<string, number>>
  /** The types of async resources that loading the core left behind, such as timers (also those that are `unref()`ed). */
  readonly madeByLoading: readonly string[]
  post(message: unknown): void
  /** The next message of the test. */
  receive(): Promise<unknown>
}

const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url))
let bundle: Promise<string> | undefined

/** The sources as one script, so that a thread without TypeScript runs the same code as the tests. */
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

/** How long an idle thread may take to end, in ms. A timer that would keep it alive must be longer. */
const EXIT_MS = 15_000

/** A worker thread with the core loaded. */
export class CoreWorker {
  readonly #worker: Worker
  readonly #messages: unknown[] = []
  readonly #readers: ((message: unknown) => void)[] = []
  /** What the function returned. */
  readonly result: Promise<unknown>
  readonly #exited: Promise<unknown>

  /** @param code what runs in the worker; it cannot use the scope of the test */
  static async start(code: (core: Core, mailbox: Mailbox) => Promise<unknown>): Promise<CoreWorker> {
    return new CoreWorker(await bundled(), code)
  }

  private constructor(script: string, code: (core: Core, mailbox: Mailbox) => Promise<unknown>) {
    this.#worker = new Worker(
      `${PRELUDE}
      ;(${code})(core, mailbox)
        .then((result) => parentPort.postMessage({ result }))
        .finally(() => parentPort.unref())`,
      // Warnings are for the test that runs in the thread, not for the terminal.
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

  /** Waits until the thread ends by itself, as an idle process does. Rejects if something keeps it alive. */
  async exit(): Promise<void> {
    await this.result
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`the thread still runs ${EXIT_MS} ms after its result`)), EXIT_MS)
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

/** Runs a function in a worker thread with the core loaded, and resolves with its result. */
export async function runInWorker(code: (core: Core, mailbox: Mailbox) => Promise<unknown>): Promise<unknown> {
  const worker = await CoreWorker.start(code)
  return worker.result
}
