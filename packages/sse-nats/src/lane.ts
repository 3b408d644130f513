import type { Outgoing } from './outgoing.js'

/** A channel's entries on their way, for as long as there are any. */
export class Lane {
  readonly channel: string
  /** In the order of the calls. */
  readonly entries: Set<Outgoing> = new Set()
  /** The number of the newest of them. */
  newest = 0
  /** The latest that was stored: nothing that was called before it may be sent any more. */
  stored = 0
  /** Up to which one the broker is being asked whether the channel has ended before it. */
  asked = 0
  /** Whether the channel is thought to have ended: nothing is sent until the broker says that it has not. */
  isDoubtful: boolean

  constructor(channel: string, isDoubtful: boolean) {
    this.channel = channel
    this.isDoubtful = isDoubtful
  }
}
