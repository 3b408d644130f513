import { once } from 'node:events'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Backplane,
  type EventFilter,
  type ManagerOptions,
  merge,
  type SseChannel,
  SseManager,
  type SseSource,
} from '@ssekit/sse-core'
import { type Answer, type Framework, frameworks } from '../stress/frameworks.js'

/** How a node finds its broker. */
export interface BrokerAccess {
  /** The broker's port, or that of a proxy. */
  readonly port: number
  /** Which client library it uses, if there are several. */
  readonly library: string
  readonly history: { readonly maxEvents: number; readonly maxAgeMs: number }
}

export interface NodeOptions {
  readonly framework: Framework
  readonly broker: BrokerAccess
  readonly manager: ManagerOptions
}

/** What an event of a node carries. */
export interface Payload {
  readonly channel: string
  readonly number: number
  readonly padding: string
}

/** The commands of a separate program: a node that serves the channels of a broker, and can be killed. */
export function chaosNode(connect: (broker: BrokerAccess) => Promise<Backplane>) {
  let manager: SseManager
  let backplane: Backplane
  let server: Server

  const answerTo = ({ url }: IncomingMessage): Answer => {
    const { searchParams } = new URL(url ?? '', 'http://localhost')
    const names = searchParams.getAll('channel')
    const every = Number(searchParams.get('every'))
    return {
      source: sourceOf(names, searchParams.has('subscribing')),
      rewind: Number(searchParams.get('rewind')),
      ...(every === 1 ? {} : { filter: wants(every) }),
    }
  }

  const sourceOf = (names: readonly string[], isSubscribing: boolean): SseSource => {
    const channels = names.map((name) => manager.getOrCreate(name))
    const [first, ...others] = channels
    if (isSubscribing || first === undefined)
      return (connection) => {
        // If one fails, the stream ends with an error.
        for (const channel of channels) connection.subscribe(channel).catch(() => {})
      }
    return others.length === 0 ? first : merge(first, ...others)
  }

  return {
    async listen(options: NodeOptions): Promise<number> {
      backplane = await connect(options.broker)
      manager = new SseManager({ ...options.manager, backplane, onError: () => {} })
      server = await frameworks[options.framework](manager, answerTo)
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as AddressInfo).port
    },

    publish: (channel: string, event: Parameters<SseChannel['broadcast']>[0]) =>
      manager.getOrCreate(channel).broadcast(event),

    async drop(channel: string): Promise<void> {
      manager.delete(channel)
    },

    /** Ends this share of the streams. */
    disconnect: (share: number) => manager.disconnect(() => Math.random() < share),

    connections: () => manager.stats().connections,

    async close(): Promise<void> {
      await manager.close({ graceMs: 500 })
      server.closeAllConnections()
      await backplane.close()
    },
  }
}

export type ChaosNodeCommands = ReturnType<typeof chaosNode>

function wants(every: number): EventFilter {
  return ({ data }) => {
    const { number } = (typeof data === 'string' ? JSON.parse(data) : data) as Payload
    return number % every === 0
  }
}
