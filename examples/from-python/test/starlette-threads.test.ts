import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { readEvents } from '@ssekit/sse-testkit'
import { buildSync } from 'esbuild'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const source = (name: string): string => join(root, 'packages', name, 'src/index.ts')
const folder = mkdtempSync(join(tmpdir(), 'ssekit-threads-'))
const program = join(folder, 'threads.mjs')
let running: ChildProcess

/** The addresses at which the threads stream, once `count` of them have printed theirs. */
async function urlsOf(count: number): Promise<string[]> {
  const urls: string[] = []
  for await (const line of createInterface({ input: running.stdout as NodeJS.ReadableStream })) {
    urls.push(line.split(' ').at(-1) ?? '')
    if (urls.length === count) break
  }
  return urls
}

beforeAll(() => {
  // Jest cannot run threads, so the program is bundled from the same sources.
  buildSync({
    entryPoints: [fileURLToPath(new URL('../src/starlette/threads.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { '@ssekit/express-sse': source('express-sse'), '@ssekit/sse-core': source('sse-core') },
    // Express is CommonJS, and requires Node's own modules.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  })
})

afterEach(() => {
  running.kill()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('three threads stream at once, each with its own event loop and manager', async () => {
  running = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const urls = await urlsOf(3)
  const readers = await Promise.all(urls.map((url) => readEvents(url, { timeoutMs: 10_000 })))
  const firsts = await Promise.all(readers.map((reader) => reader.take(2)))
  const threads = firsts.map(([first, second]) => {
    const [, thread] = /^Thread (\d+) event 0$/.exec(first?.data ?? '') ?? []
    expect(second?.data).toBe(`Thread ${thread} event 1`)
    return thread
  })
  expect(new Set(threads).size).toBe(3)
  for (const reader of readers) reader.abort()
}, 20_000)

test('a thread that fails is reported, and the others keep streaming', async () => {
  const first = `--import=data:text/javascript,${encodeURIComponent(`(${failInOne})()`)}`
  const env = { ...process.env, NODE_OPTIONS: first }
  running = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const told = textUntil(
    (running.stderr as Readable).setEncoding('utf8'),
    /a thread has failed: [\s\S]*no more threads/,
  )
  for (const url of await urlsOf(2)) {
    const reader = await readEvents(url)
    await told
    expect(await reader.take(1)).toMatchObject([{ data: expect.stringContaining('event 0') }])
    reader.abort()
  }
}, 20_000)

async function textUntil(stream: Readable, pattern: RegExp): Promise<void> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    if (pattern.test(text)) return
  }
  throw new Error(`the program printed only ${JSON.stringify(text)}`)
}

/** Runs in every thread, before the program. */
function failInOne(): void {
  const { threadId } = process.getBuiltinModule('node:worker_threads')
  if (threadId === 1) throw new Error('no more threads')
}
