import { expect, test } from '@jest/globals'
import type { Unsubscribe } from '@ssekit/sse-core'
import fc from 'fast-check'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { BellBroker, type BellNode, type Ringing } from './bell-broker.js'
import { turn } from './collecting.js'
import { until } from './until.js'

const NODES = 3
const MAX_EVENTS = 40

/** What a subscription has received: the numbers of events, and gaps between them. */
interface Subscription {
  readonly entries: (number | 'gap')[]
  readonly last: number
  /** How many events had been published when it began. */
  readonly since: number
  unsubscribe: Unsubscribe | undefined
}

/** A broker, the nodes that follow it, and the number of published events. */
class World {
  readonly broker = new BellBroker(MAX_EVENTS)
  readonly nodes: BellNode[] = Array.from({ length: NODES }, () => this.broker.node(3))
  readonly subscriptions: Subscription[] = []
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
    const subscription: Subscription = { entries: [], last, since: this.published, unsubscribe: undefined }
    const sink = {
      entry: (entry: object) => subscription.entries.push((entry as { event: { data: number } }).event.data),
      gap: () => subscription.entries.push('gap'),
    }
    const live = (unsubscribe: Unsubscribe): void => {
      subscription.unsubscribe = unsubscribe
      this.subscriptions.push(subscription)
    }
    // A broker that is down rejects; then there is no subscription.
    this.nodes[node]?.subscribe('news', { last }, sink).then(live, () => {})
  }

  unsubscribe(index: number): void {
    const [subscription] = this.subscriptions.splice(index % Math.max(1, this.subscriptions.length), 1)
    subscription?.unsubscribe?.()
  }

  /** Brings the broker up, and waits until all subscriptions have received the last event. */
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

test('followers receive events once and in order, or a gap, even if notifications, connections or data are lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 10, maxLength: 60 }), async (all) => {
      const world = new World()
      try {
        for (const [, run] of all) await run(world)
        await world.settle()
        for (const subscription of world.subscriptions) expectSound(subscription, world)
      } finally {
        await world.close()
      }
    }),
    { numRuns: isFullStress ? 3_000 : 150 },
  )
})

function expectSound({ entries, since, last }: Subscription, { wipes, published }: World): void {
  let previous: number | undefined
  let isAfterGap = false
  for (const entry of entries) {
    if (entry === 'gap') {
      // There are never two gaps in a row.
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
  // There is no gap if no data was lost and nothing was evicted.
  if (wipes === 0 && published <= MAX_EVENTS) expect(gaps).toBe(0)
}
