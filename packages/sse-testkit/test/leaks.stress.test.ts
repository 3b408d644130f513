import { afterEach, expect, jest, test } from '@jest/globals'
import { type Framework, frameworks } from './stress/frameworks.js'
import type { Counts } from './stress/heap-snapshot.js'
import type { Memory } from './stress/memory.js'
import { instancesOf, ourClasses } from './stress/our-classes.js'
import { BATCH, Visited } from './stress/visited.js'
import { isFullStress } from './stress.js'

const VISITS: Readonly<Record<Framework, number>> = isFullStress
  ? { 'node:http': 100_000, Express: 20_000, Fastify: 20_000, Koa: 20_000 }
  : { 'node:http': 5_000, Express: 1_000, Fastify: 1_000, Koa: 1_000 }
const CHANNELS = 10_000

const FEW_CHANNELS = 10
/** How much more of anything there may be, beside a hundredth: sockets that were open together leave their parsers to the next. */
const TOLERANCE = 40
/** How many more strings there may be beside those: Node has some for whatever happens for the first time, as on a busy machine. */
const STRING_TOLERANCE = 150
/** V8 goes on compiling, and learning of types, for a long time. */
const HEAP_TOLERANCE = 1024 * 1024
/**
 * Allocators keep pages: up to 4 MB were seen where nothing was left. Who leaves 2 KiB a visit outside the heap is found in the
 * short run, and who leaves 100 bytes in the full one.
 */
const RESIDENT_TOLERANCE = 10 * 1024 * 1024

// Two cores that are busy with other tests as well.
jest.setTimeout(isFullStress ? 1_800_000 : 120_000)

const started: Visited[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((visited) => visited.end()))
})

async function start(framework: Framework): Promise<Visited> {
  const visited = await Visited.start(framework)
  started.push(visited)
  return visited
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

const inspected = new Map<Framework, Promise<Counts>>()

/** What is in the heap of a server that had few visitors and few channels. */
function fewOn(framework: Framework): Promise<Counts> {
  const few = inspected.get(framework) ?? inspectFew(framework)
  inspected.set(framework, few)
  return few
}

async function inspectFew(framework: Framework): Promise<Counts> {
  const visited = await start(framework)
  await live(visited, BATCH, FEW_CHANNELS)
  return visited.inspect()
}

/** Fails if a heap holds more of a class of ours than another, or so much more of anything. */
async function expectNothingLeft(many: Counts, few: Counts, tolerance: number): Promise<void> {
  const names = await ourClasses()
  const ours = (counts: Counts): object => Object.fromEntries(names.map((name) => [name, instancesOf(name, counts)]))
  expect(ours(many)).toEqual(ours(few))
  const grown = [...many].filter(([kind, count]) => {
    const isTolerable = count - (few.get(kind) ?? 0) <= tolerance + (kind.endsWith('string') ? STRING_TOLERANCE : 0)
    return isData(kind) && !isTolerable
  })
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
  const visited = await start('node:http')
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
    const visited = await start(framework)
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
  const visited = await start('node:http')
  expectBack(await live(visited, BATCH, CHANNELS))
  await expectNothingLeft(await visited.inspect(), await fewOn('node:http'), TOLERANCE + CHANNELS / 100)
})
