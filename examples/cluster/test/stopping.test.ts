import { afterEach, expect, test } from '@jest/globals'
import { RawClient } from '@ssekit/sse-testkit'
import { RunningExample } from './running-example.js'

const WHOLE = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

let example: RunningExample
let clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients) client.destroy()
  clients = []
  example.destroy()
  await example.exited
})

async function connect(address: string): Promise<RawClient> {
  const client = await RawClient.connect(address)
  clients.push(client)
  return client
}

test.each([
  ['cluster-without-broker', 2, async () => '/events'],
  [
    'threads-without-broker',
    1,
    async (address: string) => `/jobs/${await (await fetch(`${address}/jobs`, { method: 'POST' })).text()}`,
  ],
] as const)(
  '%s: on SIGTERM requests are answered still, and a second one changes nothing',
  async (name, servers, streamOf) => {
    example = new RunningExample(name, {})
    const address = await example.listens(servers)
    const reader = (await connect(address)).send({ path: await streamOf(address) })
    await reader.response()
    // The answer to a first request says that the beginning of a second one has arrived, too.
    const asking = await connect(address)
    await asking.sendBytes(`${WHOLE}GET / HTTP/1.1\r\n`).whole()

    void example.stop()
    await reader.whole()
    await reader.closed
    const exited = example.stop()
    const answer = await asking.sendBytes('Host: localhost\r\n\r\n').whole(1)
    expect([answer.status, answer.header('connection')]).toEqual([404, ['close']])
    expect(await exited).toBe(0)
    expect(example.stderr).toBe('')
  },
)
