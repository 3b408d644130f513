import { expect, jest, test } from '@jest/globals'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { Received } from './received.js'
import { sharedBroker } from './shared-broker.js'
import { until } from './until.js'

const ROUNDS = isFullStress ? 1_000 : 20

const broker = sharedBroker()

// While a server creates a stream, it already reports that the stream exists or its subjects are taken, but does not serve it.
test('processes that create the stream at the same time can all use it', async () => {
  const nodes = broker.nodes()
  const connections = await Promise.all([nodes.connect(), nodes.connect(), nodes.connect()])
  for (let round = 0; round < ROUNDS; round++) {
    const stream = `FIRST_${round}`
    const backplanes = await Promise.all(connections.map((connection) => nodes.backplane({ stream, connection })))
    const [first, ...others] = backplanes
    const entries: string[] = []
    await Promise.all([
      first?.publish('news', { event: { data: 'first' } }),
      ...others.map((each) =>
        each.subscribe('news', { last: 1 }, { entry: ({ id }) => entries.push(id), gap: () => entries.push('gap') }),
      ),
    ])
    const id = await first?.publish('news', { event: { data: 'second' } })
    await Promise.all(others.map((each) => each.read('news', id as string, 1)))
    expect(entries).not.toContain('gap')
    await Promise.all(backplanes.map((each) => each.close()))
  }
})

test('a process whose stream creation fails for overlapping subjects uses the stream, if that one has them', async () => {
  const nodes = broker.nodes()
  const [first, connection] = [await nodes.backplane(), await nodes.connect()]
  const request = connection.request.bind(connection)
  // A server may report the name or the subjects as taken. With another name, only the subjects can be.
  jest.spyOn(connection, 'request').mockImplementation(async (subject, payload, options) => {
    if (!subject.includes('.STREAM.CREATE.')) return request(subject, payload, options)
    await first.publish('news', { event: { data: 'first' } })
    const config = JSON.parse(Buffer.from(payload ?? '').toString())
    return request(`${subject}_TOO`, JSON.stringify({ ...config, name: `${config.name}_TOO` }), options)
  })
  const received = await Received.of(await nodes.backplane({ connection }), 'news')
  expect(received.data).toEqual(['first'])
})

test('a stream whose creation time is in the year 1 is not taken for a new stream', async () => {
  const nodes = broker.nodes()
  const [publisher, connection] = [await nodes.backplane(), await nodes.connect()]
  await publisher.publish('news', { event: { data: 1 } })
  const request = connection.request.bind(connection)
  // Servers sometimes answer this way while they create a stream.
  const info = jest.spyOn(connection, 'request').mockImplementationOnce(async (...question) => {
    const answer = await request(...question)
    const early = { ...answer.json<object>(), created: '0001-01-01T00:00:00Z' }
    return Object.create(answer, { data: { value: Buffer.from(JSON.stringify(early)) } })
  })
  const received = await Received.of(await nodes.backplane({ connection, compareMs: 20 }), 'news')
  expect(info.mock.calls[0]?.[0]).toContain('.STREAM.INFO.')
  await until(
    () => info.mock.calls.length > 5,
    () => 'comparisons',
  )
  await publisher.publish('news', { event: { data: 2 } })
  await received.until(2)
  expect([received.data, received.gaps]).toEqual([[1, 2], 0])
})
