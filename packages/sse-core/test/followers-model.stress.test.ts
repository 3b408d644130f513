import { expect, test } from '@jest/globals'
import type { Unsubscribe } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { BellBroker, type BellNode, type Ringing } from './bell-broker.js'
import { turn } from './collecting.js'
import { until } from './until.js'

const NODES = 3
const MAX_EVENTS = 40

/** What one subscription was told: numbers of events, and where it was told of gaps. */
interface Told {
  readonly entries: (number | 'gap')[]
  readonly last: number
  /** How many events there had been when it began. */
  readonly since: number
  unsubscribe: Unsubscribe | undefined
}

/** A broker, nodes that follow it, and what was published. */
class World {
  readonly broker = new BellBroker(MAX_EVENTS)
  readonly nodes: BellNode[] = Array.from({ length: NODES }, () => this.broker.node(3))
  readonly subscriptions: Told[] = []
  published = 0
  wipes = 0

  publish(count: number): void {
    for (let i = 0; i < count; i++) {
      this.published += 1
      this.broker.append('news', { event: { data: this.published } })
    }
  }

  ring(ringing: Ringing): void {
    this.broker.ringing = () => ringing
  }

  subscribe(node: number, last: number): void {
    const told: Told = { entries: [], last, since: this.published, unsubscribe: undefined }
    const sink = {
      entry: (entry: object) => told.entries.push((entry as { event: { data: number } }).event.data),
      gap: () => told.entries.push('gap'),
    }
    const live = (unsubscribe: Unsubscribe): void => {
      told.unsubscribe = unsubscribe
      this.subscriptions.push(told)
    }
    // A broker that is down refuses, which is no subscription.
    this.nodes[node]?.subscribe('news', { last }, sink).then(live, () => {})
  }

  unsubscribe(index: number): void {
    const [told] = this.subscriptions.splice(index % Math.max(1, this.subscriptions.length), 1)
    told?.unsubscribe?.()
  }

  /** Everything works again, and everybody has heard the last event. */
  async settle(): Promise<void> {
    this.broker.goUp()
    for (let i = 0; i < 10; i++) await turn()
    this.publish(1)
    const last = this.published
    await until(() => this.subscriptions.every(({ entries }) => entries.at(-1) === last), `event ${last}`)
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()))
  }
}

type Step = readonly [what: string, run: (world: World) => unknown]

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(9).map((n): Step => [`publish ${n}`, (world) => world.publish(n)]) },
  { weight: 4, arbitrary: fc.constant<Step>(['turn', () => turn()]) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<Ringing>('news', 'bare', 'twice', 'late', 'lost')
      .map((ringing): Step => [`ring ${ringing}`, (world) => world.ring(ringing)]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(NODES - 1), fc.constantFrom(0, 3, 1_000))
      .map(([node, last]): Step => [`subscribe ${node}, ${last}`, (world) => world.subscribe(node, last)]),
  },
  { weight: 1, arbitrary: fc.nat(5).map((n): Step => [`unsubscribe ${n}`, (world) => world.unsubscribe(n)]) },
  { weight: 1, arbitrary: fc.constant<Step>(['down', ({ broker }) => broker.goDown()]) },
  { weight: 2, arbitrary: fc.constant<Step>(['up', ({ broker }) => broker.goUp()]) },
  {
    weight: 1,
    arbitrary: fc.constant<Step>([
      'wipe',
      (world) => {
        world.wipes += 1
        world.broker.wipe()
      },
    ]),
  },
)

test('whatever becomes of bells, connections and data: everything in order, none twice, or a gap is told', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 10, maxLength: 60 }), async (all) => {
      const world = new World()
      try {
        for (const [, run] of all) await run(world)
        await world.settle()
        for (const told of world.subscriptions) expectSound(told, world)
      } finally {
        await world.close()
      }
    }),
    { numRuns: isFullStress ? 3_000 : 150 },
  )
})

function expectSound({ entries, since, last }: Told, { wipes, published }: World): void {
  let previous: number | undefined
  let isAfterGap = false
  for (const entry of entries) {
    if (entry === 'gap') {
      // One gap is enough until something follows it.
      expect(isAfterGap).toBe(false)
      isAfterGap = true
      continue
    }
    if (previous !== undefined) {
      expect(entry).toBeGreaterThan(previous)
      if (!isAfterGap) expect(entry).toBe(previous + 1)
    } else if (!isAfterGap) {
      expect(entry).toBeGreaterThanOrEqual(since - Math.min(last, MAX_EVENTS) + 1)
    }
    previous = entry
    isAfterGap = false
  }
  const gaps = entries.filter((entry) => entry === 'gap').length
  // Without a loss there is no gap: neither data was gone, nor did the log roll past anybody.
  if (wipes === 0 && published <= MAX_EVENTS) expect(gaps).toBe(0)
}
