import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Answer, Call, Commands } from './commands.js'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const OURS = ['sse-core', 'express-sse', 'fastify-sse', 'koa-sse']

/** V8's young generation is kept small: otherwise it varies by tens of MB, which says nothing about leaks. */
const FLAGS = ['--expose-gc', '--max-semi-space-size=1']

/** A pending call. */
interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** A program of this folder in a separate process, whose memory contains nothing of the test runner. */
export class Child<C extends Commands> {
  readonly #process: ChildProcess
  readonly #waiting: Waiting[] = []
  #complaints = ''
  #isEnding = false
  #crash: Error | undefined

  private constructor(child: ChildProcess) {
    this.#process = child
    child.stderr?.on('data', (text) => {
      this.#complaints += text
    })
    child.on('message', ({ number, result, error }: Answer) => {
      if (error === undefined) this.#waiting[number]?.resolve(result)
      else this.#waiting[number]?.reject(new Error(error))
    })
    child.on('exit', (code, signal) => {
      const error = new Error(`the child has ended with ${signal ?? code}: ${this.#complaints}`)
      if (!this.#isEnding) this.#crash = error
      for (const { reject } of this.#waiting) reject(error)
    })
  }

  /** Why it has ended by itself. */
  get crash(): Error | undefined {
    return this.#crash
  }

  /** Starts a program whose garbage can be collected on demand. */
  static async start<C extends Commands>(program: string): Promise<Child<C>> {
    const script = await bundled(program)
    const child = spawn(process.execPath, [...FLAGS, '-'], {
      // The frameworks are resolved from here.
      cwd: ROOT,
      stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
    })
    child.stdin?.end(script)
    return new Child<C>(child)
  }

  /** Calls one of its functions; resolves to the result. */
  call<N extends keyof C & string>(name: N, ...args: Parameters<C[N]>): Promise<Awaited<ReturnType<C[N]>>> {
    return new Promise((resolve, reject) => {
      const number =
        this.#waiting.push({ resolve: (result) => resolve(result as Awaited<ReturnType<C[N]>>), reject }) - 1
      this.#process.send({ number, name, args } satisfies Call, (error) => error && reject(error))
    })
  }

  /** Stops its process (`SIGSTOP`): its connections stay open, and nothing is answered. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  /** Continues its process. */
  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** Kills it. Idempotent. */
  async end(): Promise<void> {
    this.#isEnding = true
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}

const bundles = new Map<string, Promise<string>>()

/** The sources of a program as one script, so that a process that knows no TypeScript runs what the tests run. */
function bundled(program: string): Promise<string> {
  const made = bundles.get(program) ?? bundle(program)
  bundles.set(program, made)
  return made
}

async function bundle(program: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./${program}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    external: ['express', 'fastify', 'koa'],
    alias: Object.fromEntries(OURS.map((name) => [`@ssekit/${name}`, `${ROOT}/packages/${name}/src/index.ts`])),
  })
  return outputFiles[0]?.text ?? ''
}
