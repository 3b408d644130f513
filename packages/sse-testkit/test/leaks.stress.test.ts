import { afterEach, expect, jest, test } from '@jest/globals'
import { type Framework, frameworks } from './stress/frameworks.js'
import type { Counts } from './stress/heap-snapshot.js'
import type { Memory } from './stress/memory.js'
import { instancesOf, ourClasses } from './stress/our-classes.js'
import { BATCH, ServerProcess } from './stress/server-process.js'
import { isFullStress } from './stress.js'

const VISITS: Readonly<Record<Framework, number>> = isFullStress
  ? { 'node:http': 100_000, Express: 20_000, Fastify: 20_000, Koa: 20_000 }
  : { 'node:http': 2_000, Express: 1_000, Fastify: 1_000, Koa: 1_000 }
const CHANNELS = 10_000

const FEW_CHANNELS = 10
/** How many more objects of a kind may be left, besides one per hundred visits: Node keeps HTTP parsers for reuse. */
const TOLERANCE = 40
/** How many more strings than that may be left: Node creates some when something happens for the first time. */
const STRING_TOLERANCE = 150
/** V8 continues to compile and to collect type feedback for a long time. */
const HEAP_TOLERANCE = 1024 * 1024
/**
 * Allocators keep pages: up to 4 MB were seen without a leak. The short run detects a leak of 5 KiB a visit outside the heap,
 * the full run one of 100 bytes.
 */
const RESIDENT_TOLERANCE = 10 * 1024 * 1024

// The machine may be busy with other tests.
jest.setTimeout(isFullStress ? 1_800_000 : 120_000)

const started: ServerProcess[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.end()))
})

async function start(framework: Framework): Promise<ServerProcess> {
  const server = await ServerProcess.start(framework)
  started.push(server)
  return server
}

/** Does the same work twice, and measures after each: only memory that grows with the work is left behind. */
async function live(
  server: ServerProcess,
  visits: number,
  channels: number,
): Promise<{ before: Memory; after: Memory }> {
  await server.makeChannels(channels)
  await server.visit(visits)
  const before = await server.measure()
  await server.makeChannels(channels)
  await server.visit(visits)
  return { before, after: await server.measure() }
}

const inspected = new Map<Framework, Promise<Counts>>()

/** The heap of a server that had few clients and few channels. */
function fewOn(framework: Framework): Promise<Counts> {
  const few = inspected.get(framework) ?? inspectFew(framework)
  inspected.set(framework, few)
  return few
}

async function inspectFew(framework: Framework): Promise<Counts> {
  const server = await start(framework)
  await live(server, BATCH, FEW_CHANNELS)
  return server.inspect()
}

/** Fails if one heap holds more instances of a class of ours than the other, or many more objects of any kind. */
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

/** Whether it is an object of the program, rather than one that V8 creates for its code. */
function isData(kind: string): boolean {
  return !/^(code|hidden|object shape) /.test(kind)
}

function expectBack({ before, after }: { readonly before: Memory; readonly after: Memory }): void {
  expect(after.handles).toEqual(before.handles)
  expect(after.heapBytes - before.heapBytes).toBeLessThan(HEAP_TOLERANCE)
  expect(after.residentBytes - before.residentBytes).toBeLessThan(RESIDENT_TOLERANCE)
}

test('the heap snapshot shows open streams, without which the other tests would prove nothing', async () => {
  const gone = await fewOn('node:http')
  const server = await start('node:http')
  let open: Counts = new Map()
  await server.visit(BATCH, async () => {
    open = await server.inspect()
  })
  for (const name of ['SseConnection', 'SseChannel']) {
    expect(instancesOf(name, open)).toBeGreaterThan(instancesOf(name, gone) + BATCH / server.kinds)
  }
})

test.each(Object.keys(frameworks) as Framework[])(
  'clients that connect to %s and disconnect leave nothing behind',
  async (framework) => {
    const visits = VISITS[framework]
    const server = await start(framework)
    expectBack(await live(server, visits, FEW_CHANNELS))
    await expectNothingLeft(await server.inspect(), await fewOn(framework), TOLERANCE + visits / 100)
    // The streams ended for every reason except 'shutdown'. Clients that hung up early are not counted here.
    const closed = await server.closed()
    expect(Object.keys(closed).sort()).toEqual(['aborted', 'age', 'client', 'end', 'error', 'kicked', 'limit', 'slow'])
    const came = Object.values(closed).reduce((sum, count) => sum + count, 0)
    expect(came).toBeGreaterThan(1.9 * visits)
  },
)

test('channels that are created, used and dropped leave nothing behind', async () => {
  const server = await start('node:http')
  expectBack(await live(server, BATCH, CHANNELS))
  await expectNothingLeft(await server.inspect(), await fewOn('node:http'), TOLERANCE + CHANNELS / 100)
})
