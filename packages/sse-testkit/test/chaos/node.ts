import { TcpProxy } from '@ssekit/sse-testkit'
import { Child } from '../stress/child.js'
import type { ChaosNodeCommands, NodeOptions } from './chaos-node.js'

/** A process that serves the channels, its clients' address, and the network between it and its broker. */
export class Node {
  readonly proxy: TcpProxy
  readonly #program: string
  readonly #options: NodeOptions
  #child: Child<ChaosNodeCommands> | undefined
  #port = 0

  private constructor(proxy: TcpProxy, program: string, options: NodeOptions) {
    this.proxy = proxy
    this.#program = program
    this.#options = options
  }

  /** @param program what runs in the process, for `Child.start()`; its commands are those of `chaosNode()` */
  static async start(program: string, options: NodeOptions): Promise<Node> {
    const { port } = options.broker
    const proxy = await TcpProxy.listen({ port })
    const node = new Node(proxy, program, { ...options, broker: { ...options.broker, port: proxy.port } })
    await node.start()
    return node
  }

  /** Where it listens, or has listened before it was killed. */
  get port(): number {
    return this.#port
  }

  /** @throws {Error} it has ended by itself, or is not running */
  get child(): Child<ChaosNodeCommands> {
    if (this.#child === undefined) throw new Error('the node is not running')
    return this.#child
  }

  async start(): Promise<void> {
    const child = await Child.start<ChaosNodeCommands>(this.#program)
    this.#child = child
    this.#port = await child.call('listen', this.#options)
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    await child?.end()
    if (child?.crash !== undefined) throw child.crash
  }

  /** Stops its process for a while: its connections stay open. */
  pause(): void {
    this.#child?.pause()
  }

  resume(): void {
    this.#child?.resume()
  }

  /** Closes it as a deployment does. */
  async close(): Promise<void> {
    await this.#child?.call('close')
    await this.kill()
  }

  /** Kills it, and ends its network. */
  async end(): Promise<void> {
    await this.kill()
    await this.proxy.close()
  }
}
