import { expect, test } from '@jest/globals'
import type { Backplane } from '@ssekit/sse-core'
import { Heard, numbers } from './heard.js'
import { sharedBroker } from './shared-broker.js'
import { insist } from './until.js'

const broker = sharedBroker()

/** The data of those that were accepted, in the order of the calls; the others were refused as a broker's failure. */
async function outcomes(backplane: Backplane, channel: string, data: readonly unknown[]): Promise<unknown[]> {
  const results = await Promise.allSettled(data.map((each) => backplane.publish(channel, { event: { data: each } })))
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  }
  return data.filter((_, index) => results[index]?.status === 'fulfilled')
}

test('a server that is killed and comes back with its data loses no event that it has taken, and doubles none', async () => {
  const nodes = broker.nodes()
  const [publisher, ...others] = await Promise.all([nodes.backplane(), nodes.backplane(), nodes.backplane()])
  const heard = await Promise.all(others.map((node) => Heard.of(node, 'news')))
  const accepted = await outcomes(publisher, 'news', numbers(1, 50))
  // In the middle of what is on its way, and of what comes while it is down.
  const during = outcomes(publisher, 'news', numbers(51, 150))
  await broker.server.kill()
  const after = outcomes(publisher, 'news', numbers(151, 200))
  await broker.server.restart()
  accepted.push(...(await during), ...(await after))
  await publisher.publish('news', { event: { data: 'last' } })
  for (const each of heard) {
    await each.for('last')
    expect(each.gaps).toBe(0)
    expect(new Set(each.ids).size).toBe(each.ids.length)
    // Of those that were refused some may be there too, each in its place.
    const data = each.data.slice(0, -1)
    expect(data).toEqual(numbers(1, 200).filter((n) => data.includes(n)))
    expect(data).toEqual(expect.arrayContaining(accepted))
  }
  expect(heard[0]?.ids).toEqual(heard[1]?.ids)
  // It was down for less than the limit, so nobody had to be refused.
  expect(accepted).toEqual(numbers(1, 200))
})

test('while the server is down, publishers are told within the time limit, and why', async () => {
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
  await expect(Heard.of(node, 'news')).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  await expect(node.read('news', 'x', 1)).rejects.toMatchObject({ code: 'ERR_SSE_BACKPLANE' })
  await broker.server.restart()
  await insist(() => node.publish('news', { event: { data: 3 } }))
  // What was refused is not there, since it was never sent.
  const heard = await insist(() => Heard.of(node, 'news'))
  expect([...new Set(heard.data)]).toEqual([1, 3])
})

test('a server that comes back without its data is told by one gap to each subscriber, and then it is live', async () => {
  const nodes = broker.nodes()
  const [one, two] = await Promise.all([nodes.backplane(), nodes.backplane()])
  const heard = [await Heard.of(one, 'news'), await Heard.of(two, 'news'), await Heard.of(two, 'quiet')]
  const [id] = await Promise.all(numbers(1, 5).map((data) => one.publish('news', { event: { data } })))
  await Promise.all(heard.slice(0, 2).map((each) => each.for(5)))
  await broker.server.restartEmpty()
  for (const channel of ['news', 'quiet']) await two.publish(channel, { event: { data: 'new' } })
  for (const each of heard) {
    await each.for('new')
    await one.publish('quiet', { event: { data: 'more' } })
    expect(each.gaps).toBe(1)
  }
  expect(heard.map(({ data }) => data.filter((each) => each !== 'more'))).toEqual([
    [1, 2, 3, 4, 5, 'new'],
    [1, 2, 3, 4, 5, 'new'],
    ['new'],
  ])
  expect(await one.read('news', String(id), 10)).toBeUndefined()
})
