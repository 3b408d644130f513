import { afterAll, afterEach, beforeAll, test } from '@jest/globals'
import { backplaneContract } from '@ssekit/sse-testkit'
import { NatsServer } from '../../sse-testkit/test/brokers/nats-server.js'
import { BIG_PAYLOAD, Nodes } from './nodes.js'

let server: NatsServer
const opened: Nodes[] = []

beforeAll(async () => {
  server = await NatsServer.start({ args: BIG_PAYLOAD })
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((nodes) => nodes.close()))
})

afterAll(async () => {
  await server.stop()
})

backplaneContract({
  test,
  patienceMs: 10_000,
  nodes: async (count, history) => {
    const nodes = new Nodes(server)
    opened.push(nodes)
    // A stream keeps exactly so many, and some tests publish more than its default.
    const options = { history: { maxEvents: history?.maxEvents ?? 20_000 } }
    return Promise.all(Array.from({ length: count }, () => nodes.backplane(options)))
  },
  interrupt: () => server.restart(),
  wipe: () => server.restartEmpty(),
})
