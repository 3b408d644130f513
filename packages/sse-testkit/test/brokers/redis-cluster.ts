import { RedisServer } from './redis-server.js'

const SLOTS = 16_384
const READY_TIMEOUT_MS = 15_000
const POLL_MS = 10

/** How a `RedisCluster` is started. */
export interface RedisClusterOptions {
  /** How many nodes, each with its share of the slots. @defaultValue 3 */
  readonly masters?: number
  /** How many of the masters, starting with the first, have a replica that takes over if they fail. @defaultValue 0 */
  readonly replicas?: number
  /** Further arguments for each, such as `['--cluster-require-full-coverage', 'no']`. */
  readonly args?: readonly string[]
}

/** A real Redis Cluster. A node may be killed and restarted; `restartEmpty()` would leave the cluster. */
export class RedisCluster {
  /** Masters first. */
  readonly nodes: readonly RedisServer[]
  readonly #masters: number

  private constructor(nodes: readonly RedisServer[], masters: number) {
    this.nodes = nodes
    this.#masters = masters
  }

  /** Resolves once every node accepts commands: Redis makes a new master wait 2 s. */
  static async start({
    masters = 3,
    replicas = 0,
    args: further = [],
  }: RedisClusterOptions = {}): Promise<RedisCluster> {
    const usual = ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-node-timeout', '2000']
    const args = [...usual, ...further]
    const started = await Promise.allSettled(
      Array.from({ length: masters + replicas }, () => RedisServer.start({ args })),
    )
    const running = started.flatMap((node) => (node.status === 'fulfilled' ? [node.value] : []))
    const cluster = new RedisCluster(running, masters)
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

  /** The node that has a key's slot, as long as no slot has moved. */
  async nodeOf(key: string): Promise<RedisServer> {
    const slot = Number(await this.nodes[0]?.ask('CLUSTER', 'KEYSLOT', key))
    return this.nodes.find((_, index) => slot < this.#firstSlot(index + 1)) as RedisServer
  }

  /** Resolves once every node knows all others and their slots; call it again after a restart. */
  async ready(): Promise<void> {
    for (const node of this.nodes) {
      await until(async () => {
        const info = (await node.ask('CLUSTER', 'INFO')) ?? ''
        return ['cluster_state:ok', `cluster_slots_ok:${SLOTS}`].every((line) => info.includes(line)) ? undefined : info
      })
    }
  }

  /** Kills all nodes and removes their data. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  #firstSlot(index: number): number {
    return Math.floor((index * SLOTS) / this.#masters)
  }

  async #join(): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node, index) => {
        if (index < this.#masters) {
          await node.ask('CLUSTER', 'ADDSLOTSRANGE', `${this.#firstSlot(index)}`, `${this.#firstSlot(index + 1) - 1}`)
        }
        // Every node meets every later one: gossip would connect them too, but slowly.
        for (const { port } of this.nodes.slice(index + 1)) await node.ask('CLUSTER', 'MEET', '127.0.0.1', `${port}`)
      }),
    )
    await Promise.all(this.nodes.slice(this.#masters).map((node, index) => this.#replicate(node, index)))
  }

  async #replicate(replica: RedisServer, index: number): Promise<void> {
    const id = (await this.nodes[index]?.ask('CLUSTER', 'MYID')) ?? ''
    // The replica may not know its master yet.
    await until(() => replica.ask('CLUSTER', 'REPLICATE', id).then(() => undefined, String))
    await until(async () => {
      const info = (await replica.ask('INFO', 'replication')) ?? ''
      return info.includes('master_link_status:up') ? undefined : info
    })
  }
}

/** Resolves once `missing` resolves to undefined; until then it names what is missing. */
async function until(missing: () => Promise<string | undefined>): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (let what = await missing(); what !== undefined; what = await missing()) {
    if (performance.now() > deadline)
      throw new Error(`the cluster was not ready within ${READY_TIMEOUT_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}
