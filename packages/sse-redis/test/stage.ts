import { createServer } from 'node:http'
import { type Backplane, type ManagerOptions, respond, SseManager } from '@ssekit/sse-core'
import { type RedisBackplaneOptions, type RedisClient, redisBackplane } from '@ssekit/sse-redis'
import { TcpProxy } from '@ssekit/sse-testkit'
import { Redis } from 'ioredis'
import { type RedisOptions, RedisServer } from '../../sse-testkit/test/brokers/redis-server.js'
import { type Connect, connectIoredis, connectNodeRedis } from './clients.js'
import { listen } from './listen.js'
import { Loop } from './loop.js'
import { until } from './until.js'

/** The supported clients, for `describe.each`. */
export const everyClient: readonly [name: string, connect: Connect][] = [
  ['ioredis', connectIoredis],
  ['node-redis', connectNodeRedis],
]

/** An entry of a channel at the server. */
export interface Stored {
  /** The id to which publish() resolved. */
  readonly id: string
  readonly data: unknown
}

/** A node: for Redis, a separate process. */
export interface StageNode {
  readonly client: RedisClient
  readonly backplane: Backplane
  readonly manager: SseManager
  /** The channels that its manager is subscribed to. */
  readonly live: ReadonlySet<string>
}

export type NodeOptions = Omit<RedisBackplaneOptions, 'client'> & {
  /** The proxy that its client connects to. Default: the server itself */
  readonly via?: TcpProxy | undefined
  readonly manager?: Omit<ManagerOptions, 'backplane'> | undefined
}

/** A Redis server and nodes that share it, for one test. */
export class Stage {
  readonly redis: RedisServer
  readonly #connect: Connect
  readonly #closers: (() => unknown)[] = []
  readonly #clients = new Map<RedisClient, () => void>()
  #control: Redis | undefined

  private constructor(redis: RedisServer, connect: Connect) {
    this.redis = redis
    this.#connect = connect
  }

  static async open(connect: Connect, options: RedisOptions = {}): Promise<Stage> {
    return new Stage(await RedisServer.start(options), connect)
  }

  /** A proxy in front of the server, to simulate network faults. */
  async proxy(): Promise<TcpProxy> {
    const proxy = await TcpProxy.listen({ port: this.redis.port })
    this.#closers.push(() => proxy.close())
    return proxy
  }

  async node({ via, manager, ...options }: NodeOptions = {}): Promise<StageNode> {
    const url = new URL(this.redis.url)
    if (via !== undefined) url.port = String(via.port)
    const { client, close } = await this.#connect(url.href)
    this.#closers.push(() => this.#clients.get(client)?.())
    this.#clients.set(client, () => {
      this.#clients.delete(client)
      close()
    })
    return this.nodeOf(client, { manager, ...options })
  }

  /** A node with a given client, which the test closes. */
  nodeOf(client: RedisClient, { manager, ...options }: Omit<NodeOptions, 'via'> = {}): StageNode {
    const backplane = redisBackplane({ client, ...options })
    const live = new Set<string>()
    const watched: Backplane = {
      ...backplane,
      async subscribe(channel, start, sink) {
        const unsubscribe = await backplane.subscribe(channel, start, sink)
        live.add(channel)
        return () => {
          live.delete(channel)
          unsubscribe()
        }
      },
    }
    const node = {
      client,
      backplane,
      live,
      manager: new SseManager({ onError: () => {}, ...manager, backplane: watched }),
    }
    this.#closers.push(async () => {
      await node.manager.close({ graceMs: 0 })
      await backplane.close()
    })
    return node
  }

  /** Closes a node's client, as its owner can at any time. */
  closeClient({ client }: StageNode): void {
    this.#clients.get(client)?.()
  }

  /** Listens to a channel on a node, repeatedly until the node is subscribed to it. */
  async listen({ manager, live }: StageNode, name: string, lastEventId?: string): Promise<Loop> {
    let loop: Loop | undefined
    await until(() => {
      if (loop?.isOver !== false) loop = new Loop(manager.getOrCreate(name), lastEventId)
      return live.has(name)
    }, `channel ${name}`)
    return loop as unknown as Loop
  }

  /** Serves a channel of a node over HTTP; resolves to the URL. */
  async serve(node: StageNode, name: string): Promise<string> {
    const { manager } = node
    const server = createServer((req, res) => void respond(req, res, manager.getOrCreate(name), { manager }))
    this.#closers.push(() => {
      server.close()
      server.closeAllConnections()
    })
    return listen(server)
  }

  /** A client of the test itself. */
  get control(): Redis {
    if (this.#control === undefined) {
      const control = new Redis(this.redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
      control.on('error', () => {})
      this.#control = control
      this.#closers.push(() => control.disconnect())
    }
    return this.#control
  }

  /** The entries of a channel at the server, oldest first. */
  async stored(channel: string, prefix = 'ssekit'): Promise<Stored[]> {
    const entries = await this.control.xrange(`${prefix}:{${channel}}:log`, '-', '+')
    return entries.map(([place, fields]) => {
      const { e = '', m, i } = Object.fromEntries(pairs(fields))
      return { id: i ?? `${place}-${m}`, data: JSON.parse(e).data }
    })
  }

  /** How many connections are subscribed to a channel's notifications. */
  async listeners(channel: string, prefix = 'ssekit'): Promise<number> {
    const answer = await this.control.call('PUBSUB', ['NUMSUB', `${prefix}:{${channel}}:log`])
    return Number((answer as unknown[])[1])
  }

  /** How often the server has executed a command. */
  async calls(command: string): Promise<number> {
    const [, calls] = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await this.control.info('commandstats')) ?? []
    return Number(calls ?? 0)
  }

  /** The nodes' connections at the server, as lines of CLIENT LIST. */
  async connections(type: 'normal' | 'pubsub'): Promise<string[]> {
    const list = String(await this.control.call('CLIENT', ['LIST', 'TYPE', type]))
    return list.split('\n').filter((line) => line !== '' && !line.includes('cmd=client'))
  }

  async end(): Promise<void> {
    // So that pending calls settle.
    this.redis.resume()
    for (const close of this.#closers.reverse()) await close()
    await this.redis.stop()
  }
}

function* pairs(fields: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index < fields.length; index += 2) yield [fields[index] as string, fields[index + 1] as string]
}
