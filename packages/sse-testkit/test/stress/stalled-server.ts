import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { type ChannelOptions, respond, type SseChannel, SseManager } from '@ssekit/sse-core'
import { obey } from './commands.js'
import { measure } from './memory.js'

const manager = new SseManager({ heartbeatMs: 0, retryMs: 0 })

const channels = {
  /** Never disconnects its readers, so that whatever it holds for them can be measured. */
  patient: { writeTimeoutMs: 0 },
  /** Disconnects clients that do not read for two seconds, and retains everything for them. */
  keeping: { writeTimeoutMs: 2_000, history: { maxEvents: 1_000_000, maxBytes: 1024 ** 3 } },
  /** Disconnects them too, and retains almost nothing. */
  forgetting: { writeTimeoutMs: 2_000, history: { maxEvents: 10 } },
} satisfies Readonly<Record<string, ChannelOptions>>

export type ChannelName = keyof typeof channels

/** The sockets of the clients that will stall. */
const stalling = new Set<Socket>()
let number = 0

const server = createServer((req, res) => {
  const [, name, role] = (req.url ?? '').split('/')
  if (role === 'stalling') stalling.add(req.socket)
  void respond(req, res, channelOf(name as ChannelName), { manager, checkpoints: false })
})

function channelOf(name: ChannelName): SseChannel {
  return manager.getOrCreate(name, channels[name])
}

const commands = {
  async listen(): Promise<number> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },

  subscriberCount: (name: ChannelName) => channelOf(name).subscriberCount,

  /** Broadcasts numbers, padded to this many bytes, one per turn of the event loop; returns the last one. */
  async broadcast(name: ChannelName, count: number, bytes: number): Promise<number> {
    const channel = channelOf(name)
    const padding = 'x'.repeat(bytes)
    for (let sent = 0; sent < count; sent++) {
      number += 1
      await channel.broadcast(`${number} ${padding}`.slice(0, bytes))
      // Events of one turn would be written together.
      await turn()
    }
    // Garbage must not count in the measurement.
    globalThis.gc?.()
    return number
  },

  /** How many of the stalling clients have full sockets. */
  fullCount: () => [...stalling].filter(({ writableNeedDrain }) => writableNeedDrain).length,

  slowCount: () => manager.stats().closed.slow ?? 0,
  measure,
}

export type StalledCommands = typeof commands

obey(commands)
