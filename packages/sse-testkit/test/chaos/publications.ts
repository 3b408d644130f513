import type { Payload } from './chaos-node.js'
import type { Node } from './node.js'
import { patiently } from './patiently.js'
import { below } from './random.js'
import type { Stored } from './transcript.js'

/** A number that every filter lets through is one of these. */
const WANTED_BY_ALL = 42

/** An event that a broker has accepted. */
export interface Accepted extends Stored {
  readonly channel: string
}

/** Numbers that are published, and what became of them. */
export class Publications {
  /** Whether they were accepted or not: what was rejected may be stored nonetheless. */
  readonly published = new Set<number>()
  readonly accepted: Accepted[] = []
  readonly #hasOwnIds: (channel: string) => boolean
  readonly #pending = new Set<Promise<unknown>>()
  #number = 0

  /** @param hasOwnIds whether the publisher of a channel chooses some of the ids */
  constructor(hasOwnIds: (channel: string) => boolean) {
    this.#hasOwnIds = hasOwnIds
  }

  /** Publishes this many numbers at a node, which may fail, and does not wait for the answers. */
  publish(node: Node, channel: string, count: number): void {
    for (let left = count; left > 0; left--) {
      this.#number += 1
      const publishing = this.#publish(node, channel).catch(() => {})
      this.#pending.add(publishing)
      void publishing.then(() => this.#pending.delete(publishing))
    }
  }

  /** Resolves once all have been answered. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending)
  }

  /** Publishes a number that all clients want, repeatedly until it is accepted. */
  async publishLast(nextNode: () => Node, channel: string): Promise<number> {
    let failure: unknown
    const isAccepted = await patiently(() => {
      this.#number += WANTED_BY_ALL - (this.#number % WANTED_BY_ALL)
      return this.#publish(nextNode(), channel).then(
        () => true,
        (error) => {
          failure = error
          return false
        },
      )
    })
    if (!isAccepted) throw new Error(`nothing is accepted for channel ${channel}`, { cause: failure })
    return this.#number
  }

  async #publish(node: Node, channel: string): Promise<void> {
    const number = this.#number
    this.published.add(number)
    // Some are larger than a packet.
    const data: Payload = { channel, number, padding: 'x'.repeat(below(10) === 0 ? below(20_000) : 0) }
    const hasOwnId = this.#hasOwnIds(channel) && below(3) === 0
    const id = await node.child.call('publish', channel, hasOwnId ? { id: `own-${number}`, data } : { data })
    this.accepted.push({ channel, number, id })
  }
}
