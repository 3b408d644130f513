import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { memoryBackplane, SseManager } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { turn } from './collecting.js'
import { NoteChecker, type Tally } from './connection-model/note-checker.js'
import type { Reader, Wants } from './connection-model/reader.js'
import { CHANNELS, World } from './connection-model/world.js'

// A Unix socket: it is full after some 200 kB, while the buffers of TCP grow to megabytes.
const folder = mkdtempSync(join(tmpdir(), 'ssekit-model-'))
const socketPath = join(folder, 'socket')
let server: Server
let world: World

beforeAll(async () => {
  server = createServer((req, res) => world.answer(req, res)).listen(socketPath)
  await once(server, 'listening')
})
afterAll(async () => {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
  rmSync(folder, { recursive: true })
})

/** One step, with its name in a counterexample. */
type Step = readonly [what: string, run: (world: World) => unknown]

const wants: readonly Wants[] = [
  { channels: ['alpha'], oneIn: 1 },
  { channels: ['alpha'], oneIn: 3 },
  { channels: ['own'], oneIn: 1 },
  { channels: ['own'], oneIn: 5 },
  { channels: ['alpha', 'beta'], oneIn: 1 },
  { channels: ['beta', 'alpha'], oneIn: 4 },
  { channels: ['alpha'], oneIn: 1, greetings: 1 },
  { channels: ['own'], oneIn: 3, greetings: 9 },
  { channels: ['alpha', 'beta'], oneIn: 1, greetings: 9 },
]

const node = fc.nat(2)

/** A step that affects one of the readers. */
function toReader<T>(
  args: fc.Arbitrary<T>,
  what: (arg: T) => string,
  run: (reader: Reader, arg: T, world: World) => unknown,
): fc.Arbitrary<Step> {
  return fc.tuple(fc.nat(7), args).map(([index, arg]) => [
    `${what(arg)} reader ${index}`,
    (world) => {
      const reader = world.readers[index % world.readers.length]
      if (reader !== undefined) run(reader, arg, world)
    },
  ])
}

const newcomer: fc.Arbitrary<Step> = fc
  .tuple(fc.constantFrom(...wants), node)
  .map(([wants, node]) => [`join ${JSON.stringify(wants)} on node ${node}`, (world) => world.join(wants, node)])

const broadcast: fc.Arbitrary<Step> = fc
  .record({
    name: fc.constantFrom(...CHANNELS),
    node,
    count: fc.integer({ min: 1, max: 8 }),
    // A few of the larger ones fill a socket.
    size: fc.constantFrom(0, 0, 8_000, 70_000),
  })
  .map(({ name, node, count, size }) => [
    `broadcast ${count} of ${size} in ${name} on node ${node}`,
    (world) => world.broadcast(name, node, count, size),
  ])

const read = toReader(
  fc.constantFrom(0, 1, 30_000, 150_000, Number.POSITIVE_INFINITY),
  (bytes) => `read ${bytes} with`,
  (reader, bytes) => reader.read(bytes),
)
const cut = toReader(
  fc.constant(undefined),
  () => 'cut',
  (reader) => reader.cut(),
)
const connect = toReader(
  node,
  (node) => `connect to node ${node}`,
  (reader, node, world) => world.connect(reader, node),
)
const reconnect = toReader(
  node,
  (node) => `cut, and connect to node ${node},`,
  (reader, node, world) => {
    reader.cut()
    world.connect(reader, node)
  },
)
const kick = toReader(
  fc.constant(undefined),
  () => 'kick',
  (reader, _, world) => world.kick(reader),
)
const pass: fc.Arbitrary<Step> = fc.integer({ min: 1, max: 6 }).map((count) => [`${count} turns`, () => turns(count)])
const settle = fc.constant<Step>(['settle', (world) => world.settle()])

const steps: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.array(newcomer, { minLength: 1, maxLength: 4 }),
    fc.array(
      fc.oneof(
        { weight: 12, arbitrary: broadcast },
        { weight: 8, arbitrary: pass },
        { weight: 4, arbitrary: read },
        { weight: 2, arbitrary: cut },
        { weight: 4, arbitrary: connect },
        { weight: 3, arbitrary: reconnect },
        { weight: 1, arbitrary: kick },
        { weight: 1, arbitrary: newcomer },
        { weight: 1, arbitrary: settle },
      ),
      { maxLength: 60, size: 'max' },
    ),
  )
  .map(([newcomers, steps]) => [...newcomers, ...steps])

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn()
}

const LOCAL = 6
const SHARED = 18
const local = { maxEvents: LOCAL, maxBytes: Number.POSITIVE_INFINITY }

describe('a connection receives all events after its id once, in order, or an sse-gap', () => {
  test.each([
    ['on one node', 1, LOCAL],
    ['on three nodes that retain fewer events than their backplane', 3, SHARED],
  ])('%s, even if sockets block and connections break', async (_where, nodes, anywhere) => {
    const tally: Tally = { liveGaps: 0, gapsOnReturn: 0, returns: 0, checkpoints: 0, events: 0 }
    await fc.assert(
      fc.asyncProperty(steps, async (steps) => {
        const shared = nodes > 1 ? memoryBackplane({ history: { ...local, maxEvents: SHARED } }) : undefined
        const managers = Array.from({ length: nodes }, () => new SseManager({ backplane: shared, history: local }))
        world = await World.start(managers, socketPath)
        try {
          for (const [, run] of steps) await run(world)
          await world.finish()
          const checkers = world.readers.map(
            (reader) => new NoteChecker(reader, world, { local: LOCAL, anywhere }, tally),
          )
          expect(checkers.flatMap(({ faults }) => faults)).toEqual([])
        } finally {
          await world.end()
          await shared?.close()
        }
      }),
      { numRuns: isFullStress ? 3_000 : 100, endOnFailure: true },
    )
    // The runs must have included each of these: gaps of slow readers, gaps on reconnect, reconnects, checkpoints, events.
    for (const [what, count] of Object.entries(tally)) expect([what, count > 0]).toEqual([what, true])
  })
})
