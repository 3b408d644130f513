import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, jest, test } from '@jest/globals'
import { Child } from './stress/child.js'
import { type Framework, frameworks } from './stress/frameworks.js'
import { type Counts, countByKind } from './stress/heap-snapshot.js'
import type { LeakCommands } from './stress/leak-server.js'
import type { Memory } from './stress/memory.js'
import { Visitors } from './stress/visitors.js'

const isFull = process.env.SSEKIT_STRESS === 'full'
const VISITS: Readonly<Record<Framework, number>> = isFull
  ? { 'node:http': 100_000, Express: 20_000, Fastify: 20_000, Koa: 20_000 }
  : { 'node:http': 5_000, Express: 1_000, Fastify: 1_000, Koa: 1_000 }
const CHANNELS = 10_000

/** How many come at once. */
const BATCH = 250
const FEW_CHANNELS = 10
/** How much more of anything there may be, beside a hundredth: sockets that were open together leave their parsers to the next. */
const TOLERANCE = 40
/** V8 goes on compiling, and learning of types, for a long time. */
const HEAP_TOLERANCE = 1024 * 1024
/**
 * Allocators keep pages, more of them from time to time: up to 13 MB were seen where nothing was left. Who would leave 5 KiB a
 * visit outside the heap is found in the short run, and who would leave 250 bytes in the full one.
 */
const RESIDENT_TOLERANCE = 24 * 1024 * 1024

jest.setTimeout(isFull ? 1_800_000 : 60_000)

const children: Child<LeakCommands>[] = []
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.end()))
})

/** A server in a process of its own, and those who come to it and go. */
class Visited {
  readonly #child: Child<LeakCommands>
  readonly #port: number
  readonly #paths: readonly string[]

  private constructor(child: Child<LeakCommands>, port: number, paths: readonly string[]) {
    this.#child = child
    this.#port = port
    this.#paths = paths
  }

  static async start(framework: Framework): Promise<Visited> {
    const child = await Child.start<LeakCommands>('leak-server')
    children.push(child)
    const { port, paths } = await child.call('listen', framework)
    return new Visited(child, port, paths)
  }

  /** How many kinds of visits there are. */
  get kinds(): number {
    return this.#paths.length
  }

  async visit(count: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    for (let visits = 0; visits < count; visits += BATCH) {
      const size = Math.min(BATCH, count - visits)
      const paths = Array.from({ length: size }, (_, index) => this.#paths[index % this.#paths.length] as string)
      const visitors = await Visitors.open(this.#port, paths, (path) => path === 'silent')
      await this.#child.call('broadcast')
      await meanwhile()
      await this.#child.call('throwOut')
      await visitors.leave()
    }
    await this.#child.call('calmDown')
  }

  async makeChannels(count: number): Promise<void> {
    await this.#child.call('makeChannels', count)
    await this.#child.call('calmDown')
  }

  measure(): Promise<Memory> {
    return this.#child.call('measure')
  }

  closed(): Promise<ReturnType<LeakCommands['closed']>> {
    return this.#child.call('closed')
  }

  /** What is in the heap. */
  async inspect(): Promise<Counts> {
    const folder = await mkdtemp(join(tmpdir(), 'ssekit-heap-'))
    try {
      const file = join(folder, 'snapshot')
      await this.#child.call('writeSnapshot', file)
      return await countByKind(file)
    } finally {
      await rm(folder, { recursive: true })
    }
  }
}

/** What is done to every server, more or less of it: only what grows with how much of it was done is left behind. */
async function live(visited: Visited, visits: number, channels: number): Promise<{ before: Memory; after: Memory }> {
  await visited.makeChannels(channels)
  await visited.visit(visits)
  const before = await visited.measure()
  await visited.makeChannels(channels)
  await visited.visit(visits)
  return { before, after: await visited.measure() }
}

const few = new Map<Framework, Promise<Counts>>()

/** What is in the heap of a server that had few visitors and few channels. */
function fewOn(framework: Framework): Promise<Counts> {
  const made = few.get(framework) ?? inspectFew(framework)
  few.set(framework, made)
  return made
}

async function inspectFew(framework: Framework): Promise<Counts> {
  const visited = await Visited.start(framework)
  await live(visited, BATCH, FEW_CHANNELS)
  return visited.inspect()
}

/** The names of the core's classes. */
async function classNames(): Promise<string[]> {
  const folder = fileURLToPath(new URL('../../sse-core/src', import.meta.url))
  const sources = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')))
  return sources.flatMap((source) => [...source.matchAll(/^(?:export )?class (\w+)/gm)].map(([, name = '']) => name))
}

/** How many of a class there are; the bundler puts a line before the name of one that knows itself. */
function instancesOf(name: string, counts: Counts): number {
  return (counts.get(`object ${name}`) ?? 0) + (counts.get(`object _${name}`) ?? 0)
}

/** Fails if a heap holds more of a class of ours than another, or so much more of anything. */
async function expectNothingLeft(many: Counts, few: Counts, tolerance: number): Promise<void> {
  const names = await classNames()
  const ours = (counts: Counts): object => Object.fromEntries(names.map((name) => [name, instancesOf(name, counts)]))
  expect(ours(many)).toEqual(ours(few))
  const grown = [...many].filter(([kind, count]) => isData(kind) && count - (few.get(kind) ?? 0) > tolerance)
  expect(grown).toEqual([])
}

/** What programs make, not what V8 makes of programs. */
function isData(kind: string): boolean {
  return !/^(code|hidden|object shape) /.test(kind)
}

function expectBack({ before, after }: { readonly before: Memory; readonly after: Memory }): void {
  expect(after.handles).toEqual(before.handles)
  expect(after.heapBytes - before.heapBytes).toBeLessThan(HEAP_TOLERANCE)
  expect(after.residentBytes - before.residentBytes).toBeLessThan(RESIDENT_TOLERANCE)
}

test('streams that are open are seen in the heap, or the other tests would say nothing', async () => {
  const gone = await fewOn('node:http')
  const visited = await Visited.start('node:http')
  let open: Counts = new Map()
  await visited.visit(BATCH, async () => {
    open = await visited.inspect()
  })
  for (const name of ['SseConnection', 'SseChannel']) {
    expect(instancesOf(name, open)).toBeGreaterThan(instancesOf(name, gone) + BATCH / visited.kinds)
  }
})

test.each(Object.keys(frameworks) as Framework[])(
  'of clients that come to %s and go nothing is left',
  async (framework) => {
    const visits = VISITS[framework]
    const visited = await Visited.start(framework)
    expectBack(await live(visited, visits, FEW_CHANNELS))
    await expectNothingLeft(await visited.inspect(), await fewOn(framework), TOLERANCE + visits / 100)
    // They have ended for every reason but that of a manager that closes; and who never came leaves nothing either.
    const closed = await visited.closed()
    expect(Object.keys(closed).sort()).toEqual(['aborted', 'age', 'client', 'end', 'error', 'kicked', 'limit', 'slow'])
    const came = Object.values(closed).reduce((sum, count) => sum + count, 0)
    expect(came).toBeGreaterThan(1.9 * visits)
  },
)

test('of channels that are made, used and dropped nothing is left', async () => {
  const visited = await Visited.start('node:http')
  expectBack(await live(visited, BATCH, CHANNELS))
  await expectNothingLeft(await visited.inspect(), await fewOn('node:http'), TOLERANCE + CHANNELS / 100)
})
