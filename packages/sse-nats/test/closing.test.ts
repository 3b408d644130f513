import { expect, jest, test } from '@jest/globals'
import type { Subscription } from '@nats-io/transport-node'
import { Received } from './received.js'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

const CLOSED = { code: 'ERR_SSE_CLOSED' }

test('calls on a closed or closing backplane reject with ERR_SSE_CLOSED and leave no subscription', async () => {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const subscribe = jest.spyOn(connection, 'subscribe')
  const open = (): string[] => {
    const made = subscribe.mock.results.map(({ value }) => value as Subscription)
    return made.filter((subscription) => !subscription.isClosed()).map((subscription) => subscription.getSubject())
  }
  // So short that every publish checks the stream again.
  const used = await nodes.backplane({ connection, compareMs: 0.001 })
  await used.publish('news', { event: { data: 1 } })
  await used.close()
  await expect(used.publish('news', { event: { data: 2 } })).rejects.toMatchObject(CLOSED)
  await expect(used.read('news', 'x', 1)).rejects.toMatchObject(CLOSED)
  await connection.flush()
  expect(open()).toEqual([])

  const fresh = await nodes.backplane({ connection })
  const subscribing = Received.of(fresh, 'news')
  await fresh.close()
  await expect(subscribing).rejects.toMatchObject(CLOSED)
  await connection.flush()
  expect(open()).toEqual([])
})
