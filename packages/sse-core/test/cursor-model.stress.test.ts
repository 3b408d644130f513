import { describe, expect, test } from '@jest/globals'
import { memoryBackplane, type SseChannel, type SseEvent, SseManager } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { isPending, turn } from './collecting.js'

/** A reader of the model. It has received the published events up to number `last`. */
interface ModelReader {
  last: number
}

/** The naive log: the ids of all events ever published, in order. */
interface Model {
  readonly published: string[]
  readonly readers: ModelReader[]
}

interface Reader {
  iterator: AsyncIterator<SseEvent>
  /** A `next()` that is still pending. */
  next: Promise<IteratorResult<SseEvent>> | undefined
}

interface Real {
  /** The same channel on each node. */
  readonly channels: readonly SseChannel[]
  readonly readers: Reader[]
  /** How many events a node retains at least, and how many are retained anywhere. */
  readonly kept: { readonly local: number; readonly anywhere: number }
}

/** Reads one event, and checks that it is the next one, or a gap that is due. */
async function readOne(model: Model, real: Real, index: number, kept: number): Promise<boolean> {
  const [reader, known] = [real.readers[index], model.readers[index]]
  if (reader === undefined || known === undefined) return false
  reader.next ??= reader.iterator.next()
  const { published } = model
  const isUpToDate = known.last === published.length - 1
  if (isUpToDate && (await isPending(reader.next))) return false
  const { value } = await reader.next
  reader.next = undefined
  if (value?.event !== 'sse-gap') {
    known.last += 1
    expect(value).toEqual({ data: known.last, id: published[known.last] })
    return true
  }
  const { lastEventId, oldestId } = value.data as { lastEventId: string; oldestId: string | null }
  // A gap is sent only if events are really gone. It names the id that the reader had, and the event that follows.
  if (known.last >= -1) {
    expect(known.last + 1).toBeLessThan(published.length - kept)
    expect(lastEventId).toBe(published[known.last] ?? lastEventId)
  }
  const next = oldestId === null ? published.length : published.indexOf(oldestId)
  expect(next).toBeGreaterThan(known.last)
  expect(next).toBeLessThanOrEqual(Math.max(0, published.length - real.kept.local))
  if (next > 0) expect(value.id).toBe(published[next - 1])
  known.last = next - 1
  return true
}

class Broadcast implements fc.AsyncCommand<Model, Real> {
  readonly #node: number
  readonly #count: number

  constructor(node: number, count: number) {
    this.#node = node
    this.#count = count
  }

  check = (): boolean => true

  async run({ published }: Model, { channels }: Real): Promise<void> {
    const channel = channels[this.#node % channels.length] as SseChannel
    const first = published.length
    const ids = Array.from({ length: this.#count }, (_, i) => channel.broadcast({ data: first + i }))
    published.push(...(await Promise.all(ids)))
  }

  toString = (): string => `broadcast ${this.#count} on node ${this.#node}`
}

/** Connects a new reader, or one with a published or an unknown id. A `'subscribe'` listener broadcasts greetings. */
class Connect implements fc.AsyncCommand<Model, Real> {
  readonly #node: number
  readonly #place: number
  readonly #greetings: number

  constructor(node: number, place: number, greetings: number) {
    this.#node = node
    this.#place = place
    this.#greetings = greetings
  }

  check = (): boolean => true

  async run(model: Model, real: Real): Promise<void> {
    const { published } = model
    const channel = real.channels[this.#node % real.channels.length] as SseChannel
    const isFresh = this.#place === 0
    const isUnknown = this.#place === 1 || published.length === 0
    const index = this.#place % Math.max(1, published.length)
    const lastEventId = isUnknown ? 'unknown' : published[index]
    const iterator = channel.listen(isFresh ? {} : { lastEventId })[Symbol.asyncIterator]()
    const greetings: Promise<string>[] = []
    const greet = (): void => {
      const first = published.length
      for (let i = 0; i < this.#greetings; i++) greetings.push(channel.broadcast({ data: first + i }))
    }
    channel.on('subscribe', greet)
    real.readers.push({ iterator, next: iterator.next() })
    channel.off('subscribe', greet)
    // -2 stands for an unknown id, for which a gap is due.
    model.readers.push({ last: isFresh ? published.length - 1 : isUnknown ? -2 : index })
    published.push(...(await Promise.all(greetings)))
    if (isUnknown && !isFresh) expect((await real.readers.at(-1)?.next)?.value?.event).toBe('sse-gap')
    // A read at once must find all that is retained anywhere. The greetings must not evict what this node retains.
    const kept = Math.max(real.kept.anywhere, real.kept.local + greetings.length)
    await readOne(model, real, real.readers.length - 1, kept)
  }

  toString = (): string => `connect to node ${this.#node} at ${this.#place}, with ${this.#greetings} greetings`
}

class Read implements fc.AsyncCommand<Model, Real> {
  readonly #reader: number
  readonly #count: number

  constructor(reader: number, count: number) {
    this.#reader = reader
    this.#count = count
  }

  check = ({ readers }: Readonly<Model>): boolean => readers.length > 0

  async run(model: Model, real: Real): Promise<void> {
    const index = this.#reader % real.readers.length
    for (let i = 0; i < this.#count; i++) if (!(await readOne(model, real, index, real.kept.anywhere))) return
  }

  toString = (): string => `read ${this.#count} with reader ${this.#reader}`
}

class Leave implements fc.AsyncCommand<Model, Real> {
  readonly #reader: number

  constructor(reader: number) {
    this.#reader = reader
  }

  check = ({ readers }: Readonly<Model>): boolean => readers.length > 0

  async run(model: Model, real: Real): Promise<void> {
    const index = this.#reader % real.readers.length
    const [reader] = real.readers.splice(index, 1)
    model.readers.splice(index, 1)
    await reader?.iterator.return?.()
  }

  toString = (): string => `reader ${this.#reader} leaves`
}

/** Lets logs evict events. */
class Turn implements fc.AsyncCommand<Model, Real> {
  check = (): boolean => true

  async run(): Promise<void> {
    await turn()
    await turn()
  }

  toString = (): string => 'turn'
}

const commands = fc.commands(
  [
    fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 12 })).map(([node, count]) => new Broadcast(node, count)),
    fc
      .tuple(fc.nat(3), fc.nat(40), fc.constantFrom(0, 0, 1, 6))
      .map(([node, place, greetings]) => new Connect(node, place, greetings)),
    fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 30 })).map(([reader, count]) => new Read(reader, count)),
    fc.nat(9).map((reader) => new Leave(reader)),
    fc.constant(new Turn()),
  ],
  { size: '+1', maxCommands: 60 },
)

const LOCAL = 4
const SHARED = 12

describe('a reader receives all events after its id once, in order, or an sse-gap', () => {
  test.each([
    ['a channel without a backplane', () => [new SseManager({ history: { maxEvents: LOCAL } })], LOCAL],
    [
      'three nodes that retain fewer events than their backplane',
      () => {
        const backplane = memoryBackplane({ history: { maxEvents: SHARED } })
        return [0, 1, 2].map(() => new SseManager({ backplane, history: { maxEvents: LOCAL } }))
      },
      SHARED,
    ],
  ] as const)('on %s', async (_where, makeManagers, anywhere) => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const managers = makeManagers()
        const channels = managers.map((manager) => manager.getOrCreate('news'))
        // A subscriber on each node keeps the node subscribed.
        const keepers = channels.map((channel) => channel[Symbol.asyncIterator]())
        for (const keeper of keepers) void keeper.next()
        await turn()
        const model: Model = { published: [], readers: [] }
        const real: Real = { channels, readers: [], kept: { local: LOCAL, anywhere } }
        await fc.asyncModelRun(() => ({ model, real }), sequence)
        // Each reader that continues receives everything up to the last published event.
        for (const index of real.readers.keys()) {
          while (await readOne(model, real, index, anywhere));
          expect(model.readers[index]?.last).toBe(model.published.length - 1)
        }
        await Promise.all(managers.map((manager) => manager.close()))
      }),
      { numRuns: isFullStress ? 3_000 : 100 },
    )
  })
})
