import { RedisServer } from './redis-server.js'

const SLOTS = 16_384
const READY_TIMEOUT_MS = 15_000
const POLL_MS = 10

/** How a `RedisCluster` is started. */
export interface RedisClusterOptions {
  /** How many nodes, each with its share of the slots. @defaultValue 3 */
  readonly masters?: number
  /** Further arguments for each, such as `['--cluster-require-full-coverage', 'no']`. */
  readonly args?: readonly string[]
}

/** A real Redis Cluster without replicas. A node may be killed and restarted; `restartEmpty()` would leave the cluster. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[]

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes
  }

  /** Resolves once every node takes commands, which Redis has a new master wait 2 s for. */
  static async start({ masters = 3, args: further = [] }: RedisClusterOptions = {}): Promise<RedisCluster> {
    const usual = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-node-timeout', '2000']
    const args = [...usual, ...further]
    const started = await Promise.allSettled(Array.from({ length: masters }, () => RedisServer.start({ args })))
    const cluster = new RedisCluster(started.flatMap((node) => (node.status === 'fulfilled' ? [node.value] : [])))
    try {
      for (const node of started) if (node.status === 'rejected') throw node.reason
      await cluster.#join()
      await cluster.ready()
      return cluster
    } catch (error) {
      await cluster.stop()
      throw error
    }
  }

  get ports(): readonly number[] {
    return this.nodes.map(({ port }) => port)
  }

  get urls(): readonly string[] {
    return this.nodes.map(({ url }) => url)
  }

  /** The node that has a key's slot, as long as none has moved. */
  async nodeOf(key: string): Promise<RedisServer> {
    const slot = Number(await this.nodes[0]?.ask('CLUSTER', 'KEYSLOT', key))
    const { length } = this.nodes
    return this.nodes.find((_, index) => slot < Math.floor(((index + 1) * SLOTS) / length)) as RedisServer
  }

  /** Resolves once every node knows every other and who has which slots: again, after one was restarted. */
  async ready(): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS
    for (const node of this.nodes) {
      for (;;) {
        const info = (await node.ask('CLUSTER', 'INFO')) ?? ''
        if (['cluster_state:ok', `cluster_slots_ok:${SLOTS}`].every((line) => info.includes(line))) break
        if (performance.now() > deadline)
          throw new Error(`the cluster was not ready within ${READY_TIMEOUT_MS} ms: ${info}`)
        await new Promise((resolve) => setTimeout(resolve, POLL_MS))
      }
    }
  }

  /** Kills all nodes and removes their data. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  async #join(): Promise<void> {
    const { length } = this.nodes
    await Promise.all(
      this.nodes.map(async (node, index) => {
        const first = Math.floor((index * SLOTS) / length)
        const last = Math.floor(((index + 1) * SLOTS) / length) - 1
        await node.ask('CLUSTER', 'ADDSLOTSRANGE', `${first}`, `${last}`)
        // Every node to every later one: gossip would get there too, but takes its time.
        for (const { port } of this.nodes.slice(index + 1)) await node.ask('CLUSTER', 'MEET', '127.0.0.1', `${port}`)
      }),
    )
  }
}
