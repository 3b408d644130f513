import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeHeapSnapshot } from 'node:v8'
import { obey } from './commands.js'
import { type Framework, frameworks } from './frameworks.js'
import { collectGarbage, measure } from './memory.js'
import { answerTo, endWaitingStreams, manager, news, paths } from './stream-kinds.js'

/** How long pending work may take to finish, in ms. */
const PATIENCE_MS = 20_000

let server: Server

const commands = {
  async listen(framework: Framework): Promise<{ readonly port: number; readonly paths: readonly string[] }> {
    server = await frameworks[framework](manager, answerTo)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port, paths }
  },

  async broadcast(): Promise<void> {
    await news.broadcast('news')
  },

  endWaitingStreams,

  /** Creates channels and uses them. Half of them are deleted, the others become idle. */
  async makeChannels(count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const channel = manager.getOrCreate(`channel ${number}`)
      const events = channel.listen()[Symbol.asyncIterator]()
      await channel.broadcast('used')
      await events.next()
      await events.return?.()
      if (number % 2 === 0) manager.delete(channel.name)
    }
  },

  /** Resolves once no client is connected and only one channel is left; rejects if that takes too long. */
  async settle(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    for (;;) {
      await collectGarbage()
      const { connections, channels, historyBytes } = manager.stats()
      const sockets = await new Promise((resolve) => server.getConnections((_error, count) => resolve(count)))
      const names = manager.listChannels().length
      const left = { connections, channels, historyBytes, sockets, names, subscribers: news.subscriberCount }
      if (names === 1 && Object.values(left).every((count) => count === 0 || count === names)) return
      if (performance.now() > deadline) throw new Error(`left: ${JSON.stringify(left)}`)
      await sleep(5)
    }
  },

  closed: () => manager.stats().closed,
  measure,

  async writeSnapshot(file: string): Promise<void> {
    await collectGarbage()
    writeHeapSnapshot(file)
  },
}

export type LeakCommands = typeof commands

obey(commands)
