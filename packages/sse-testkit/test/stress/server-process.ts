import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child } from './child.js'
import type { Framework } from './frameworks.js'
import { type Counts, countByKind } from './heap-snapshot.js'
import type { LeakCommands } from './leak-server.js'
import type { Memory } from './memory.js'
import { ShortLivedClients } from './short-lived-clients.js'

/** How many clients connect at once. */
export const BATCH = 250

/** A server in a separate process, and the clients that visit it. */
export class ServerProcess {
  readonly #child: Child<LeakCommands>
  readonly #port: number
  readonly #paths: readonly string[]

  private constructor(child: Child<LeakCommands>, port: number, paths: readonly string[]) {
    this.#child = child
    this.#port = port
    this.#paths = paths
  }

  static async start(framework: Framework): Promise<ServerProcess> {
    const child = await Child.start<LeakCommands>('leak-server')
    const { port, paths } = await child.call('listen', framework)
    return new ServerProcess(child, port, paths)
  }

  /** How many kinds of visits there are. */
  get kinds(): number {
    return this.#paths.length
  }

  /** Lets this many clients of every kind connect and disconnect. */
  async visit(count: number, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    for (let visits = 0; visits < count; visits += BATCH) {
      const size = Math.min(BATCH, count - visits)
      const paths = Array.from({ length: size }, (_, index) => this.#paths[index % this.#paths.length] as string)
      const clients = await ShortLivedClients.open(this.#port, paths, (path) => path === 'silent')
      await this.#child.call('broadcast')
      await meanwhile()
      await this.#child.call('endWaitingStreams')
      await clients.leave()
    }
    await this.#child.call('settle')
  }

  /** Creates, uses and drops this many channels. */
  async makeChannels(count: number): Promise<void> {
    await this.#child.call('makeChannels', count)
    await this.#child.call('settle')
  }

  measure(): Promise<Memory> {
    return this.#child.call('measure')
  }

  /** How many streams have ended, by reason. */
  closed(): Promise<ReturnType<LeakCommands['closed']>> {
    return this.#child.call('closed')
  }

  /** Counts the objects in the heap. */
  async inspect(): Promise<Counts> {
    const folder = await mkdtemp(join(tmpdir(), 'ssekit-heap-'))
    try {
      const file = join(folder, 'snapshot')
      await this.#child.call('writeSnapshot', file)
      return await countByKind(file)
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  end(): Promise<void> {
    return this.#child.end()
  }
}
