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

/** A stream of the same process: another process may receive the signal later. */
async function readFrom(address: string, path: string, worker: readonly string[]): Promise<RawClient> {
  for (;;) {
    const reader = (await connect(address)).send({ path })
    const response = await reader.response()
    if (response.header('x-worker').join() === worker.join()) return reader
  }
}

test.each([
  ['cluster-without-broker', 2, async () => '/events'],
  [
    'threads-without-broker',
    1,
    async (address: string) => `/jobs/${await (await fetch(`${address}/jobs`, { method: 'POST' })).text()}`,
  ],
] as const)(
  '%s: after SIGTERM the server still answers requests that have begun; a second SIGTERM changes nothing',
  async (name, servers, streamOf) => {
    example = new RunningExample(name, {})
    const address = await example.listens(servers)
    // Once the first request is answered, the beginning of the second one has arrived too.
    const asking = await connect(address)
    const asked = await asking.sendBytes(`${WHOLE}GET / HTTP/1.1\r\n`).whole()
    const reader = await readFrom(address, await streamOf(address), asked.header('x-worker'))

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
