import { expect, test } from '@jest/globals'
import { sharedBroker } from './shared-broker.js'

const broker = sharedBroker()

/** Reads after the first of six events, and lets the stream lose events before the given request for a message. */
async function readWhile(lose: (stream: string) => Promise<unknown>, before: number): Promise<unknown> {
  const nodes = broker.nodes()
  const connection = await nodes.connect()
  const backplane = await nodes.backplane({ connection })
  // The stream's first message stays.
  await backplane.publish('other', { event: { data: 0 } })
  const ids: string[] = []
  for (let data = 1; data <= 6; data++) ids.push(await backplane.publish('news', { event: { data } }))
  const publish = connection.publish.bind(connection)
  let requests = 0
  connection.publish = (subject, ...rest) => {
    if (subject.startsWith('$JS.API.DIRECT.GET.')) requests += 1
    if (!subject.startsWith('$JS.API.DIRECT.GET.') || requests !== before) publish(subject, ...rest)
    else void lose(nodes.stream).then(() => publish(subject, ...rest))
  }
  const entries = await backplane.read('news', ids[0] as string, 100)
  return entries?.map((entry) => ('event' in entry ? entry.event.data : 'end'))
}

test('read() returns all events after an id', async () => {
  expect(await readWhile(async () => {}, 1)).toEqual([2, 3, 4, 5, 6])
})

// The first request is for the message with the id. The later ones are for what comes after it.
test.each([2, 3, 4, 5])(
  'read() returns nothing if the stream loses the id and events after it before its request %i',
  async (before) => {
    const purge = (stream: string): Promise<string> =>
      broker.server.ask(
        `$JS.API.STREAM.PURGE.${stream}`,
        JSON.stringify({ filter: `${stream.toLowerCase()}.news.e`, keep: 2 }),
      )
    expect(await readWhile(purge, before)).toBeUndefined()
  },
)
