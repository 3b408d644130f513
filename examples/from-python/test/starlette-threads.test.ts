import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readEvents } from '@ssekit/sse-testkit'
import { buildSync } from 'esbuild'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const source = (name: string): string => join(root, 'packages', name, 'src/index.ts')
const folder = mkdtempSync(join(tmpdir(), 'ssekit-threads-'))
const program = join(folder, 'threads.mjs')
let running: ChildProcess

beforeAll(() => {
  // Threads do not run under Jest: what they run is made of the same sources.
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
  running = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
})

afterAll(() => {
  running.kill()
  rmSync(folder, { recursive: true, force: true })
})

test('several threads stream at once, each with its own event loop and manager', async () => {
  const urls: string[] = []
  for await (const line of createInterface({ input: running.stdout as NodeJS.ReadableStream })) {
    urls.push(line.split(' ').at(-1) ?? '')
    if (urls.length === 3) break
  }
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
