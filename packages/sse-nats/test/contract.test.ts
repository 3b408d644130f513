import { test } from '@jest/globals'
import type { Backplane } from '@ssekit/sse-core'
import { backplaneContract } from '@ssekit/sse-testkit'
import { freePort } from '../../sse-testkit/test/network/free-port.js'
import { BIG_PAYLOAD, type Nodes } from './nodes.js'
import { sharedBroker } from './shared-broker.js'

const monitorPort = await freePort()
const broker = sharedBroker({ args: [...BIG_PAYLOAD, '-m', `${monitorPort}`] })
const streams = new WeakMap<Backplane, Nodes['stream']>()

interface Monitored {
  readonly connections?: readonly { readonly subscriptions_list?: readonly string[] }[]
}

backplaneContract({
  test,
  patienceMs: 15_000,
  nodes: async (count, history) => {
    const nodes = broker.nodes()
    // A stream retains exactly this many, and some tests publish more than its default.
    const options = { history: { maxEvents: history?.maxEvents ?? 20_000 }, timeoutMs: 30_000 }
    const backplanes = await Promise.all(Array.from({ length: count }, () => nodes.backplane(options)))
    for (const backplane of backplanes) streams.set(backplane, nodes.stream)
    return backplanes
  },
  interrupt: () => broker.server.restart(),
  subscriptions: async ([node]) => {
    const prefix = `_live.${streams.get(node as Backplane)?.toLowerCase()}.`
    const answer = await fetch(`http://127.0.0.1:${monitorPort}/connz?subs=1`)
    const { connections = [] } = (await answer.json()) as Monitored
    const subjects = connections.flatMap(({ subscriptions_list: list = [] }) => list)
    return subjects.filter((subject) => subject.startsWith(prefix)).length
  },
  wipe: () => broker.server.restartEmpty(),
})
