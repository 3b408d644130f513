import assert from 'node:assert/strict'
import type { Backplane } from '@ssekit/sse-core'
import { waitForLateDeliveries } from './late-deliveries.js'
import { dataOf, numbers, publishAll } from './recorder.js'
import type { BackplaneSuite, Scenarios } from './suite.js'

type Fault = (nodes: readonly Backplane[]) => Promise<void>
type Count = (nodes: readonly Backplane[]) => Promise<number>

/** A broker that is lost for a while, or that loses its data. */
export function faults(
  scenarios: Scenarios,
  { interrupt, subscriptions, wipe }: Pick<BackplaneSuite, 'interrupt' | 'subscriptions' | 'wipe'>,
): void {
  if (interrupt !== undefined) interruptions(scenarios, interrupt)
  if (interrupt !== undefined && subscriptions !== undefined) leftovers(scenarios, interrupt, subscriptions)
  if (wipe !== undefined) losses(scenarios, wipe)
}

/**
 * Publishes until the log accepts the event, as a publisher that must not lose anything does. Refused events are not
 * logged.
 */
async function insist(backplane: Backplane, channel: string, data: unknown): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await backplane.publish(channel, { event: { data } })
      return
    } catch (error) {
      if (attempt === 1_000) throw error
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

function interruptions({ test, onNodes, record }: Scenarios, interrupt: Fault): void {
  test(
    'after a lost connection, subscriptions continue with every event once, in order',
    onNodes(3, async (publisher, ...nodes) => {
      assert(publisher)
      const recorders = await Promise.all(nodes.map((node) => record(node, 'news')))
      await publishAll(publisher, 'news', numbers(1, 10))
      await Promise.all(recorders.map((recorder) => recorder.received(10)))
      const interrupted = interrupt([publisher, ...nodes])
      for (const data of numbers(11, 30)) await insist(publisher, 'news', data)
      await interrupted
      for (const data of numbers(31, 40)) await insist(publisher, 'news', data)
      for (const recorder of recorders) await recorder.until(() => recorder.data.includes(40), 'the last event')
      const live = await waitForLateDeliveries(publisher, 'news', recorders)
      for (const recorder of recorders) {
        // An event whose acknowledgement was lost may have been accepted, and then published a second time.
        const data = recorder.data.filter((each, index, all) => each !== all[index - 1])
        assert.deepEqual(data, [...numbers(1, 40), ...live])
        assert.equal(new Set(recorder.ids).size, recorder.ids.length)
        assert.equal(recorder.gaps, 0)
      }
    }),
  )
}

function leftovers({ test, onNodes, record, until }: Scenarios, interrupt: Fault, subscriptions: Count): void {
  test(
    'reconnects leave no extra subscriptions at the broker, and closed nodes leave none',
    onNodes(3, async (publisher, ...nodes) => {
      assert(publisher)
      const channels = ['news', 'sport', 'quiet']
      const recorders = await Promise.all(nodes.flatMap((node) => channels.map((channel) => record(node, channel))))
      const before = await subscriptions(nodes)
      assert(before > 0)
      for (const data of numbers(1, 3)) {
        const interrupted = interrupt([publisher, ...nodes])
        for (const channel of channels) await insist(publisher, channel, data)
        await interrupted
        for (const recorder of recorders) await recorder.until(() => recorder.data.includes(data), `event ${data}`)
      }
      // A lost subscription to notifications may be restored only now.
      for (const channel of channels) await insist(publisher, channel, 'last')
      for (const recorder of recorders) await recorder.until(() => recorder.data.includes('last'), 'the last event')
      await until(() => subscriptions(nodes), before, 'subscriptions')
      await Promise.all(nodes.map((node) => node.close()))
      await until(() => subscriptions(nodes), 0, 'subscriptions of closed nodes')
    }),
  )
}

function losses({ test, onNodes, record }: Scenarios, wipe: Fault): void {
  test(
    'when the log has lost its data, subscriptions get one gap, and continue with new events',
    onNodes(3, async (publisher, ...nodes) => {
      assert(publisher)
      const recorders = await Promise.all(nodes.map((node) => record(node, 'news')))
      const ids = await publishAll(publisher, 'news', numbers(1, 10))
      await Promise.all(recorders.map((recorder) => recorder.received(10)))
      await wipe([publisher, ...nodes])
      await insist(publisher, 'news', 'new')
      for (const recorder of recorders) await recorder.until(() => recorder.data.includes('new'), 'the new event')
      const live = await waitForLateDeliveries(publisher, 'news', recorders)
      for (const recorder of recorders) {
        assert.deepEqual(recorder.data, [...numbers(1, 10), 'new', ...live])
        assert.equal(recorder.gaps, 1)
        // An id of the lost log must not name a position in the new one.
        for (const id of recorder.ids.slice(10)) assert(!ids.includes(id))
        // A client that got the gap resumes after it, on whichever node it reconnects.
        for (const gapId of recorder.gapIds) {
          const read = await publisher.read('news', gapId, 10)
          assert.deepEqual(read?.map(dataOf), ['new', ...live])
        }
      }
      assert.equal(await publisher.read('news', ids[4] as string, 10), undefined)
    }),
  )
}
