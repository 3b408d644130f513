import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { buildSync } from 'esbuild'
import { Crowd } from './clients/crowd.js'
import type { NumberServerOptions, NumbersSent } from './clients/number-server.js'
import { faultsOf, type ResumingReader } from './clients/resuming-reader.js'
import { isFullStress } from './stress.js'

const folder = mkdtempSync(join(tmpdir(), 'ssekit-numbers-'))
const program = join(folder, 'number-server.mjs')
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
let server: ChildProcess
let crowd: Crowd

beforeAll(() => {
  // A separate process cannot run TypeScript, so it runs a bundle of the sources that the tests use.
  buildSync({
    entryPoints: [file('./clients/number-server.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { '@ssekit/sse-core': file('../../sse-core/src/index.ts') },
  })
})
afterEach(async () => {
  crowd.leave()
  const exit = once(server, 'exit')
  server.disconnect()
  await exit
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts a server and its readers; resolves once all have the first number, and many more are on their way. */
async function gather(options: NumberServerOptions): Promise<void> {
  server = fork(program, [JSON.stringify(options)])
  const [port] = (await once(server, 'message')) as [number]
  crowd = new Crowd(options.readers, `http://127.0.0.1:${port}/`)
  await crowd.everybodyHas(0)
}

/** Stops the server; resolves to the last number once everybody has it. */
async function finish(): Promise<number> {
  server.send('stop')
  const [{ last }] = (await once(server, 'message')) as [NumbersSent]
  await crowd.everybodyHas(last)
  return last
}

const readers = isFullStress ? 1_000 : 300
const seconds = isFullStress ? 60 : 3
const perSecond = isFullStress ? 50 : 100

test(`${readers} clients that are cut at random during broadcasts get every event once, in order, without a gap`, async () => {
  await gather({ readers, maxEvents: 1_000_000, perSecond })
  const cuts = await crowd.cutAtRandom(readers, seconds * 1_000, () => Math.random() * 50)
  const last = await finish()
  expect(crowd.readers.flatMap(({ numbers }) => faultsOf(numbers, last))).toEqual([])
  expect(crowd.readers.filter(({ numbers }) => numbers.includes(null))).toEqual([])
  for (const [how, count] of Object.entries(cuts)) expect([how, count > readers / 10]).toEqual([how, true])
  expect(crowd.readers.reduce((sum, { reconnects }) => sum + reconnects, 0)).toBeGreaterThan(readers)
})

test('with a short history, a client that is away for too long gets a gap, and no client gets wrong events', async () => {
  await gather({ readers, maxEvents: 60, perSecond })
  const [away, ...others] = crowd.readers as [ResumingReader, ...ResumingReader[]]
  let comeBack = (): void => {}
  away.cut(
    'destroy',
    new Promise<void>((resolve) => {
      comeBack = resolve
    }),
  )
  const cuts = await crowd.cutAtRandom(readers, seconds * 500, () => (Math.random() < 0.02 ? 100_000 / perSecond : 20))
  // However slow the machine is: until more events were sent than the history keeps.
  while (others.every(({ numbers }) => (numbers.at(-1) ?? 0) <= 100))
    await new Promise((resolve) => setTimeout(resolve, 5))
  comeBack()
  const last = await finish()
  expect(crowd.readers.flatMap(({ numbers }) => faultsOf(numbers, last))).toEqual([])
  expect(away.numbers).toContain(null)
  expect(cuts.within).toBeGreaterThan(0)
})
