import { setTimeout as sleep } from 'node:timers/promises'
import type { Broker } from '../brokers/broker.js'
import { CUTS } from '../clients/resuming-client.js'
import { isFullStress } from '../stress.js'
import type { Node } from './node.js'
import { below, pick } from './random.js'
import type { RecordingClient } from './recording-client.js'

/** What can go wrong, by name. A fault resolves once it is over. */
export type Faults = Readonly<Record<string, () => unknown>>

/** The longest time that a fault lasts, or that passes before the next one. */
const MAX_PAUSE_MS = isFullStress ? 4_000 : 400
/** Slower than most events are published, faster than any time limit. */
const MAX_DELAY_MS = 400

/** How long the next fault lasts, or how much time passes before it. */
export function pauseMs(): number {
  return below(MAX_PAUSE_MS)
}

export function faultsOfBroker(broker: Broker): Faults {
  return {
    'the broker is killed': async () => {
      await broker.kill()
      await sleep(pauseMs())
      await broker.restart()
    },
    'the broker hangs': async () => {
      await broker.pause()
      await sleep(pauseMs())
      broker.resume()
    },
  }
}

export function faultsOfNodes(
  nodes: readonly Node[],
  clients: readonly RecordingClient[],
  channels: readonly string[],
): Faults {
  return {
    'a node is killed': async () => {
      const node = pick(nodes)
      await node.kill()
      await sleep(pauseMs())
      await node.start()
    },
    'a node hangs': async () => {
      const node = pick(nodes)
      node.pause()
      await sleep(pauseMs())
      node.resume()
    },
    'a node is replaced': async () => {
      const node = pick(nodes)
      await node.close()
      await node.start()
    },
    'a node deletes a channel': async () => {
      const channel = pick(channels)
      await pick(nodes).child.call('drop', channel)
      // A stream of several channels does not end with one of them.
      for (const client of clients) if (client.channels.length > 1 && client.channels.includes(channel)) client.cut()
    },
    'a node disconnects clients': () => pick(nodes).child.call('disconnect', Math.random()),
  }
}

/** What can go wrong between nodes and their broker. */
export function faultsOfNetwork(nodes: readonly Node[]): Faults {
  return {
    'the network resets connections': () => pick(nodes).proxy.cut(),
    'the network stalls': async () => {
      const { proxy } = pick(nodes)
      proxy.stall()
      await sleep(pauseMs())
      proxy.resume()
    },
    'the network is slow': async () => {
      const { proxy } = pick(nodes)
      proxy.delayMs = below(MAX_DELAY_MS)
      await sleep(pauseMs())
      proxy.delayMs = 0
    },
    'the network loses replies': async () => {
      const { proxy } = pick(nodes)
      proxy.discardReplies()
      await sleep(pauseMs())
      // Nobody can understand what comes after missing bytes.
      proxy.cut()
      proxy.passReplies()
    },
    'the network refuses connections': async () => {
      const { proxy } = pick(nodes)
      proxy.refuse()
      proxy.cut()
      await sleep(pauseMs())
      proxy.accept()
    },
  }
}

export function faultsOfClients(clients: readonly RecordingClient[]): Faults {
  return {
    'clients are cut at once': () => {
      const share = Math.random()
      for (const client of clients) if (Math.random() < share) client.cut(pick(CUTS), below(200))
    },
    'clients are cut one by one': async () => {
      for (const _ of clients) {
        pick(clients).cut(pick(CUTS), pauseMs())
        await sleep(below(20))
      }
    },
    'clients stop reading': async () => {
      const stalled = clients.filter(() => Math.random() < 0.5)
      for (const client of stalled) client.pause()
      await sleep(pauseMs())
      for (const client of stalled) client.resume()
    },
  }
}
