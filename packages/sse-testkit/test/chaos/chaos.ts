import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ManagerOptions } from '@ssekit/sse-core'
import type { Broker } from '../brokers/broker.js'
import type { Framework } from '../stress/frameworks.js'
import { isFullStress } from '../stress.js'
import type { BrokerAccess } from './chaos-node.js'
import { type Faults, faultsOfBroker, faultsOfClients, faultsOfNetwork, faultsOfNodes, pauseMs } from './faults.js'
import { flawsOf, readLogs, reconstructLogs } from './logs.js'
import { Node } from './node.js'
import { violationsOf } from './oracle.js'
import { PATIENCE_MS, patiently } from './patiently.js'
import { Publications } from './publications.js'
import { below, pick, shuffled } from './random.js'
import { RecordingClient, type Wish } from './recording-client.js'

export interface ChaosOptions {
  readonly broker: Broker
  /** The program of a node, for `Child.start()`; its commands are those of `chaosNode()`. */
  readonly program: string
  /** The client libraries of the nodes, which take turns. */
  readonly libraries?: readonly string[] | undefined
  /** What can go wrong at this broker only. */
  readonly faults?: Faults | undefined
  /**
   * Makes the broker keep few events, so that clients may get gaps. At the end nobody knows the order of the logs any more, so
   * this compares the ids of two events. Without it, the broker keeps all events.
   */
  readonly inOrder?: ((a: string, b: string) => number) | undefined
}

export const CHANNELS: readonly string[] = ['a', 'b', 'c', 'd', 'e', 'f']
/** Their publishers choose some of the ids. A stream of several channels could not resume after such an event. */
const WITH_OWN_IDS = ['e', 'f']
const WITHOUT_OWN_IDS = CHANNELS.filter((channel) => !WITH_OWN_IDS.includes(channel))
const FRAMEWORKS: readonly Framework[] = ['node:http', 'Express', 'Fastify', 'Koa']
const CLIENTS = isFullStress ? 60 : 30
const RAGE_MS = isFullStress ? 60_000 : 3_000
const PUBLISH_EVERY_MS = 15
const MIN_ACCEPTED = RAGE_MS / 60
/** What the clients' filters divide by. */
const DIVISORS = [1, 1, 1, 2, 3, 7]

/** Several nodes on one broker, and clients that reconnect to any of them, while everything fails in every way at once. */
export class Chaos {
  readonly #options: ChaosOptions
  readonly #isShort: boolean
  readonly #nodes: Node[] = []
  readonly #clients: RecordingClient[] = []
  readonly #publications: Publications
  readonly #struck: string[] = []
  readonly #start = performance.now()

  private constructor(options: ChaosOptions) {
    this.#options = options
    this.#isShort = options.inOrder !== undefined
    this.#publications = new Publications((channel) => !this.#isShort && WITH_OWN_IDS.includes(channel))
  }

  static async begin(options: ChaosOptions): Promise<Chaos> {
    const chaos = new Chaos(options)
    const { libraries = [] } = options
    const starting = FRAMEWORKS.map((framework, index) =>
      chaos.#startNode(framework, libraries[index % libraries.length]),
    )
    chaos.#nodes.push(...(await Promise.all(starting)))
    for (let count = 0; count < CLIENTS; count++)
      chaos.#clients.push(new RecordingClient(randomWish(), () => pick(chaos.#nodes).port))
    return chaos
  }

  /** Publishes while faults strike at the broker, the nodes, the network between them, and the clients, all at the same time. */
  async rage(): Promise<void> {
    const { broker, faults = {} } = this.#options
    const places = [
      { ...faultsOfBroker(broker), ...faults },
      faultsOfNodes(this.#nodes, this.#clients, CHANNELS),
      faultsOfNetwork(this.#nodes),
      faultsOfClients(this.#clients),
    ]
    const publishing = setInterval(() => {
      const count = below(20) === 0 ? below(60) : 1 + below(3)
      this.#publications.publish(pick(this.#nodes), pick(CHANNELS), count)
    }, PUBLISH_EVERY_MS)
    try {
      const end = performance.now() + RAGE_MS
      // All of them, even if one fails: nothing may go on when this has returned.
      const outcomes = await Promise.allSettled(places.map((place) => this.#strike(place, end)))
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    } finally {
      clearInterval(publishing)
    }
  }

  /**
   * Lets everything settle, and publishes a last event to each channel. Returns what is wrong then: what clients missed, or got
   * twice or in another order, and what does not close.
   */
  async verdict(): Promise<string[]> {
    const { published, accepted } = this.#publications
    await this.#publications.settle()
    const last = new Map<string, number>()
    for (const channel of CHANNELS)
      last.set(channel, await this.#publications.publishLast(() => pick(this.#nodes), channel))
    // A client that has not received them by then violates the oracle.
    await patiently(() => this.#clients.every((client) => client.hasAll(last)))

    const { inOrder } = this.#options
    const logs =
      inOrder === undefined
        ? await readLogs(await this.#newNode(), last)
        : reconstructLogs(accepted, this.#clients, inOrder)
    const wrong = inOrder === undefined ? flawsOf(logs, accepted) : []
    // Otherwise nothing could have gone wrong.
    if (accepted.length < MIN_ACCEPTED) wrong.push(`only ${accepted.length} events were accepted`)
    const truth = { logs, published, last, mayHaveGaps: this.#isShort }
    for (const [index, client] of this.#clients.entries())
      for (const violation of violationsOf(client, truth)) wrong.push(`client ${index}: ${violation}`)
    wrong.push(...(await this.#leftovers()))
    return wrong.length === 0 ? [] : [...wrong, ...this.#struck, this.#writeTranscripts()]
  }

  async end(): Promise<void> {
    for (const client of this.#clients) client.leave()
    for (const node of this.#nodes) node.resume()
    await Promise.all(this.#nodes.map((node) => node.end()))
  }

  async #strike(faults: Faults, end: number): Promise<void> {
    for (;;)
      for (const name of shuffled(Object.keys(faults))) {
        await sleep(pauseMs())
        if (performance.now() > end) return
        this.#note(name)
        await faults[name]?.()
        this.#note(`${name}: over`)
      }
  }

  /** What remains when all clients have left, or does not close. */
  async #leftovers(): Promise<string[]> {
    for (const client of this.#clients) client.leave()
    const left: string[] = []
    for (const [index, node] of this.#nodes.entries()) {
      if (!(await patiently(async () => (await node.child.call('connections')) === 0)))
        left.push(`node ${index} has streams without a client`)
      const isClosed = await Promise.race([node.close().then(() => true), sleep(PATIENCE_MS, false, { ref: false })])
      if (!isClosed) left.push(`node ${index} does not close`)
    }
    return left
  }

  /** A node whose log will be what the broker has. */
  async #newNode(): Promise<Node> {
    const history = { maxEvents: 1_000_000, maxBytes: 1024 ** 3 }
    const node = await this.#startNode('node:http', this.#options.libraries?.[0], { history })
    this.#nodes.push(node)
    return node
  }

  #startNode(framework: Framework, library = '', manager = randomSettings()): Promise<Node> {
    const { port } = this.#options.broker
    const history = this.#isShort ? { maxEvents: 3, maxAgeMs: 60_000 } : { maxEvents: 1_000_000, maxAgeMs: 3_600_000 }
    const broker: BrokerAccess = { port, library, history }
    return Node.start(this.#options.program, { framework, broker, manager })
  }

  #note(what: string): void {
    this.#struck.push(`${((performance.now() - this.#start) / 1_000).toFixed(2)} s: ${what}`)
  }

  #writeTranscripts(): string {
    const file = join(tmpdir(), `ssekit-chaos-${process.pid}-${Date.now()}.json`)
    writeFileSync(file, JSON.stringify(this.#clients.map(({ wish, seen }) => ({ wish, seen }))))
    return `what each client saw is in ${file}`
  }
}

function randomSettings(): ManagerOptions {
  return {
    // What a node has evicted, it reads from the broker. But it keeps at least the newest event.
    history: { maxEvents: pick([1, 2, 5, 50, 1_000]), maxBytes: pick([30_000, 1_000_000]) },
    // Channels are forgotten and made anew all the time.
    idleChannelMs: pick([20, 200, 2_000]),
    heartbeatMs: pick([50, 500, 15_000]),
    writeTimeoutMs: pick([500, 5_000]),
    maxConnectionAgeMs: pick([0, 3_000]),
  }
}

function randomWish(): Wish {
  const channels = below(3) > 0 ? [pick(CHANNELS)] : shuffled(WITHOUT_OWN_IDS).slice(0, 2 + below(2))
  return { channels, every: pick(DIVISORS), rewind: pick([0, 0, 3]), isSubscribing: below(3) === 0 }
}
