import { afterEach, expect, test } from '@jest/globals'
import { NatsServer } from '../../sse-testkit/test/brokers/nats-server.js'
import { CHANNELS, Chaos } from '../../sse-testkit/test/chaos/chaos.js'
import type { Faults } from '../../sse-testkit/test/chaos/faults.js'
import { below, pick } from '../../sse-testkit/test/chaos/random.js'

const program = '../../../sse-nats/test/nodes/chaos-node'
let nats: NatsServer
let chaos: Chaos | undefined
afterEach(async () => {
  nats.resume()
  await chaos?.end()
  await nats.stop()
})

/** How the server loses events. */
const lossy = (): Faults => ({
  'the server loses everything': () => nats.ask('$JS.API.STREAM.PURGE.SSEKIT'),
  'the server loses a channel, or all but a few of its events': () =>
    nats.ask('$JS.API.STREAM.PURGE.SSEKIT', JSON.stringify({ filter: `ssekit.${pick(CHANNELS)}.e`, keep: below(3) })),
})

/** An id begins with the number of its message in the stream. */
const inOrder = (a: string, b: string): number => Number.parseInt(a, 10) - Number.parseInt(b, 10)

test('while nodes, a NATS server and the network fail, every client gets every event once and in order', async () => {
  nats = await NatsServer.start()
  chaos = await Chaos.begin({ broker: nats, program })
  await chaos.rage()
  expect(await chaos.verdict()).toEqual([])
})

test('if a NATS server also keeps few events and loses some, every client gets what follows its last event, or a gap', async () => {
  nats = await NatsServer.start()
  chaos = await Chaos.begin({ broker: nats, program, faults: lossy(), inOrder })
  await chaos.rage()
  expect(await chaos.verdict()).toEqual([])
})
