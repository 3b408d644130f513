import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { respond, SseManager } from '@ssekit/sse-core'
import { obey } from '../../../sse-testkit/test/stress/commands.js'
import { redisBackplane } from '../../src/index.js'
import { connectIoredis, connectNodeRedis } from '../clients.js'

// A separate program: a node that serves one channel, and can be killed.
let manager: SseManager | undefined

const commands = {
  /** @param make which client library it uses */
  async listen(url: string, make: string): Promise<number> {
    const { client } = await (make === 'ioredis' ? connectIoredis : connectNodeRedis)(url)
    const made = new SseManager({ backplane: redisBackplane({ client }) })
    manager = made
    const server = createServer((req, res) => {
      void respond(req, res, made.getOrCreate('numbers'), { manager: made })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },

  subscriberCount: () => manager?.getOrCreate('numbers').subscriberCount ?? 0,
}

export type NodeCommands = typeof commands

obey(commands)
