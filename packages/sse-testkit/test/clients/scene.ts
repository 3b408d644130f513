import { type CloseOptions, type ManagerOptions, SseManager } from '@ssekit/sse-core'
import { CuttingProxy } from './cutting-proxy.js'
import type { Answer, RunningServer, ServerKind } from './servers.js'

/** Makes the answer of a server, given its manager. */
export type Play = (manager: SseManager) => Answer

/** Short, so that clients reconnect quickly; long enough for what a test does in between. */
const RETRY_MS = 40

/** One server behind a proxy, both of which may fail; clients know only the proxy. */
export class Scene {
  manager: SseManager
  server: RunningServer
  readonly proxy: CuttingProxy
  readonly #kind: ServerKind
  readonly #play: Play
  readonly #options: ManagerOptions

  private constructor(
    kind: ServerKind,
    play: Play,
    options: ManagerOptions,
    manager: SseManager,
    server: RunningServer,
    proxy: CuttingProxy,
  ) {
    this.#kind = kind
    this.#play = play
    this.#options = options
    this.manager = manager
    this.server = server
    this.proxy = proxy
  }

  static async open(kind: ServerKind, play: Play, options: ManagerOptions = {}): Promise<Scene> {
    const all = { retryMs: RETRY_MS, ...options }
    const manager = new SseManager(all)
    const server = await kind.start(manager, () => play(manager))
    return new Scene(kind, play, all, manager, server, await CuttingProxy.start(server.port))
  }

  get url(): string {
    return `${this.#kind.scheme}://127.0.0.1:${this.proxy.port}/events`
  }

  /**
   * Replaces the server by a new one without shared state, and kills the old one.
   *
   * @param first runs on the new manager before clients can connect; its result is returned
   */
  async restart<T>(first?: (manager: SseManager) => Promise<T>): Promise<T | undefined> {
    const { server, manager } = this
    this.manager = new SseManager(this.#options)
    const result = await first?.(this.manager)
    this.server = await this.#serve(0)
    this.proxy.leadTo(this.server.port)
    await server.close()
    await manager.close({ graceMs: 0 })
    return result
  }

  /** Shuts down gracefully; then a new server takes over the port. */
  async succeed(options: CloseOptions): Promise<void> {
    const { server, manager } = this
    await manager.close(options)
    await server.close()
    this.manager = new SseManager(this.#options)
    this.server = await this.#serve(server.port)
  }

  #serve(port: number): Promise<RunningServer> {
    const { manager } = this
    return this.#kind.start(manager, () => this.#play(manager), port)
  }

  async end(): Promise<void> {
    await this.manager.close({ graceMs: 0 })
    await this.server.close()
    await this.proxy.close()
  }
}
