import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { type ChannelOptions, respond, type SseChannel, SseManager } from '@ssekit/sse-core'
import { obey } from './commands.js'
import { measure } from './memory.js'

const manager = new SseManager({ heartbeatMs: 0, retryMs: 0 })

const channels = {
  /** Waits for its readers for ever, so that whatever it holds for them is there to be measured. */
  patient: { writeTimeoutMs: 0 },
  /** Cuts who does not read for two seconds, and keeps everything for them. */
  keeping: { writeTimeoutMs: 2_000, history: { maxEvents: 1_000_000, maxBytes: 1024 ** 3 } },
  /** Cuts them too, and keeps next to nothing. */
  forgetting: { writeTimeoutMs: 2_000, history: { maxEvents: 10 } },
} satisfies Readonly<Record<string, ChannelOptions>>

export type ChannelName = keyof typeof channels

/** The sockets of those who are to stall. */
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

  /** Broadcasts numbers, padded to so many bytes, as fast as the event loop turns; returns the last one. */
  async broadcast(name: ChannelName, count: number, bytes: number): Promise<number> {
    const channel = channelOf(name)
    const padding = 'x'.repeat(bytes)
    for (let sent = 0; sent < count; sent++) {
      number += 1
      await channel.broadcast(`${number} ${padding}`.slice(0, bytes))
      // Those of one turn would be written as one.
      await turn()
    }
    // What is measured is what is held, not how much of it lies about.
    globalThis.gc?.()
    return number
  },

  /** How many of those who are to stall take no more. */
  fullCount: () => [...stalling].filter(({ writableNeedDrain }) => writableNeedDrain).length,

  slowCount: () => manager.stats().closed.slow ?? 0,
  measure,
}

export type StalledCommands = typeof commands

obey(commands)
