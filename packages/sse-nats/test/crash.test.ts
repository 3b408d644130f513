import { expect, test } from '@jest/globals'
import type { Backplane } from '@ssekit/sse-core'
import { numbers, Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { insist } from './until.js'

const broker = sharedBroker()

/** Publishes, and resolves to the accepted data in the order of the calls; the others must reject with ERR_SSE_BACKPLANE. */
async function outcomes(backplane: Backplane, channel: string, data: readonly unknown[]): Promise<unknown[]> {
  const results = await Promise.allSettled(data.map((each) => backplane.publish(channel, { event: { data: each } })))
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  }
  return data.filter((_, index) => results[index]?.status === 'fulfilled')
}

test('after a server is killed and restarted with its data, every accepted event arrives once', async () => {
  const nodes = broker.nodes()
  const [publisher, ...others] = await Promise.all([nodes.backplane(), nodes.backplane(), nodes.backplane()])
  const received = await Promise.all(others.map((node) => Received.of(node, 'news')))
  const accepted = await outcomes(publisher, 'news', numbers(1, 50))
  // Some events are in flight when it is killed, others are published while it is down.
  const during = outcomes(publisher, 'news', numbers(51, 150))
  await broker.server.kill()
  const after = outcomes(publisher, 'news', numbers(151, 200))
  await broker.server.restart()
  accepted.push(...(await during), ...(await after))
  await publisher.publish('news', { event: { data: 'last' } })
  for (const each of received) {
    await each.until('last')
    expect(each.gaps).toBe(0)
    expect(new Set(each.ids).size).toBe(each.ids.length)
    // Rejected events may be stored too, in their order.
    const data = each.data.slice(0, -1)
    expect(data).toEqual(numbers(1, 200).filter((n) => data.includes(n)))
    expect(data).toEqual(expect.arrayContaining(accepted))
  }
  expect(received[0]?.ids).toEqual(received[1]?.ids)
  // It was down for less than the time limit, so no publish had to be rejected.
  expect(accepted).toEqual(numbers(1, 200))
})

test('while the server is down, calls reject within the time limit with the cause', async () => {
  const nodes = broker.nodes()
  const node = await nodes.backplane({ timeoutMs: 300 })
  await insist(() => node.publish('news', { event: { data: 1 } }))
  await broker.server.kill()
  const error = { code: 'ERR_SSE_BACKPLANE', statusCode: 503, message: expect.stringContaining('300 ms') }
  await expect(node.publish('news', { event: { data: 2 } })).rejects.toMatchObject({
    ...error,
    cause: expect.objectContaining({ message: 'the NATS connection is lost' }),
  })
  await expect(node.publish('news', { end: true })).rejects.toMatchObject(error)
  await expect(Received.of(node, 'news')).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  await expect(node.read('news', 'x', 1)).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  await broker.server.restart()
  await insist(() => node.publish('news', { event: { data: 3 } }))
  // The rejected events were never sent, so they are not stored.
  const received = await insist(() => Received.of(node, 'news'))
  expect([...new Set(received.data)]).toEqual([1, 3])
})

test('after a restart without data, each subscriber gets one gap and then new events', async () => {
  const nodes = broker.nodes()
  const [one, two] = await Promise.all([nodes.backplane(), nodes.backplane()])
  const received = [await Received.of(one, 'news'), await Received.of(two, 'news'), await Received.of(two, 'quiet')]
  const [id] = await Promise.all(numbers(1, 5).map((data) => one.publish('news', { event: { data } })))
  await Promise.all(received.slice(0, 2).map((each) => each.until(5)))
  await broker.server.restartEmpty()
  for (const channel of ['news', 'quiet']) await two.publish(channel, { event: { data: 'new' } })
  for (const each of received) {
    await each.until('new')
    await one.publish('quiet', { event: { data: 'more' } })
    expect(each.gaps).toBe(1)
  }
  expect(received.map(({ data }) => data.filter((each) => each !== 'more'))).toEqual([
    [1, 2, 3, 4, 5, 'new'],
    [1, 2, 3, 4, 5, 'new'],
    ['new'],
  ])
  expect(await one.read('news', String(id), 10)).toBeUndefined()
})
