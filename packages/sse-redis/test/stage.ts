import { createServer } from 'node:http'
import { type Backplane, type ManagerOptions, respond, SseManager } from '@ssekit/sse-core'
import { type RedisBackplaneOptions, type RedisClient, redisBackplane } from '@ssekit/sse-redis'
import { TcpProxy } from '@ssekit/sse-testkit'
import { Redis } from 'ioredis'
import { type RedisOptions, RedisServer } from '../../sse-testkit/test/brokers/redis-server.js'
import { type Connect, connectIoredis, connectNodeRedis } from './clients.js'
import { Loop } from './loop.js'
import { listen } from './served.js'
import { until } from './until.js'

/** The clients that there are, to be tested with `describe.each`. */
export const everyClient: readonly [name: string, connect: Connect][] = [
  ['ioredis', connectIoredis],
  ['node-redis', connectNodeRedis],
]

/** An entry of a channel, as the server has it. */
export interface Stored {
  /** The id that whoever published it was told. */
  readonly id: string
  readonly data: unknown
}

/** One process of many, as far as Redis can tell. */
export interface StageNode {
  readonly client: RedisClient
  readonly backplane: Backplane
  readonly manager: SseManager
  /** The channels that its manager hears. */
  readonly live: ReadonlySet<string>
}

export type NodeOptions = Omit<RedisBackplaneOptions, 'client'> & {
  /** Where its client connects to. Default: straight to the server */
  readonly via?: TcpProxy | undefined
  readonly manager?: Omit<ManagerOptions, 'backplane'> | undefined
}

/** A Redis, and nodes that share it, for one test. */
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

  /** A network before the server, to be broken. */
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

  /** A node with a client of its own kind, which the test closes. */
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

  /** Closes a node's client, as its owner may at any time. */
  closeClient({ client }: StageNode): void {
    this.#clients.get(client)?.()
  }

  /** Listens to a channel on a node, again if the node cannot hear it yet; resolves once it does. */
  async listen({ manager, live }: StageNode, name: string, lastEventId?: string): Promise<Loop> {
    let loop: Loop | undefined
    await until(() => {
      if (loop?.isOver !== false) loop = new Loop(manager.getOrCreate(name), lastEventId)
      return live.has(name)
    }, `channel ${name}`)
    return loop as unknown as Loop
  }

  /** Serves a channel of a node over HTTP; says where. */
  async serve(node: StageNode, name: string): Promise<string> {
    const { manager } = node
    const server = createServer((req, res) => void respond(req, res, manager.getOrCreate(name), { manager }))
    this.#closers.push(() => {
      server.close()
      server.closeAllConnections()
    })
    return listen(server)
  }

  /** A client beside those of the nodes, which knows nothing of ssekit. */
  get control(): Redis {
    if (this.#control === undefined) {
      const control = new Redis(this.redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
      control.on('error', () => {})
      this.#control = control
      this.#closers.push(() => control.disconnect())
    }
    return this.#control
  }

  /** What the server has of a channel, oldest first. */
  async stored(channel: string, prefix = 'ssekit'): Promise<Stored[]> {
    const entries = await this.control.xrange(`${prefix}:{${channel}}:log`, '-', '+')
    return entries.map(([place, fields]) => {
      const { e = '', m, i } = Object.fromEntries(pairs(fields))
      return { id: i ?? `${place}-${m}`, data: JSON.parse(e).data }
    })
  }

  /** How many connections the server rings a channel's bell on. */
  async listeners(channel: string, prefix = 'ssekit'): Promise<number> {
    const answer = await this.control.call('PUBSUB', ['NUMSUB', `${prefix}:{${channel}}:log`])
    return Number((answer as unknown[])[1])
  }

  /** How often the server has carried out a command. */
  async calls(command: string): Promise<number> {
    const [, calls] = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await this.control.info('commandstats')) ?? []
    return Number(calls ?? 0)
  }

  /** The connections that the nodes hold at the server, by what the server says of each. */
  async connections(type: 'normal' | 'pubsub'): Promise<string[]> {
    const list = String(await this.control.call('CLIENT', ['LIST', 'TYPE', type]))
    return list.split('\n').filter((line) => line !== '' && !line.includes('cmd=client'))
  }

  async end(): Promise<void> {
    // Whoever waits for an answer is told so by the connection that ends, or by its time limit.
    this.redis.resume()
    for (const close of this.#closers.reverse()) await close()
    await this.redis.stop()
  }
}

function* pairs(fields: readonly string[]): Generator<[string, string]> {
  for (let index = 0; index < fields.length; index += 2) yield [fields[index] as string, fields[index + 1] as string]
}
