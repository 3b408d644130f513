import { expect, jest, test } from '@jest/globals'
import { isFullStress } from '../../sse-testkit/test/stress.js'
import { Heard } from './heard.js'
import { sharedBroker } from './shared-broker.js'

const ROUNDS = isFullStress ? 1_000 : 60

const broker = sharedBroker()

// A server that is making a stream says already that it is there, or that its subjects are taken, before it answers for it.
test('processes that are the first at a broker, all at once, all begin', async () => {
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

test('and so does who is told that others have the subjects, if it is that stream which has them', async () => {
  const nodes = broker.nodes()
  const [first, connection] = [await nodes.backplane(), await nodes.connect()]
  const request = connection.request.bind(connection)
  // What a server sees first, its name or its subjects, is for it to say: under another name there are only the subjects.
  jest.spyOn(connection, 'request').mockImplementation(async (subject, payload, options) => {
    if (!subject.includes('.STREAM.CREATE.')) return request(subject, payload, options)
    await first.publish('news', { event: { data: 'first' } })
    const config = JSON.parse(Buffer.from(payload ?? '').toString())
    return request(`${subject}_TOO`, JSON.stringify({ ...config, name: `${config.name}_TOO` }), options)
  })
  const heard = await Heard.of(await nodes.backplane({ connection }), 'news')
  expect(heard.data).toEqual(['first'])
})
