import type { StreamSnapshot, StreamState } from './stream-state.js'

/** How long a leader may report fewer messages than were seen before it is believed, in ms. */
const BELIEVED_MS = 2_000

/** What was known before the server was asked. */
export interface Seen {
  readonly newest: number
  readonly count: number
}

/**
 * Tells one epoch of the stream from the next. A stream that was deleted and recreated has another creation time. A
 * server restored from an older copy has not, nor has a cluster member that lost what it alone had. Then a new epoch
 * shows by a last sequence that went back, or by another message under a known sequence.
 */
export class EpochTracker {
  // The highest sequence seen in this epoch.
  #newest = 0
  #created = ''
  // How many epochs there were, whatever their creation times.
  #count = 0
  #maxEvents = Number.POSITIVE_INFINITY
  #behindSince: number | undefined

  get seen(): Seen {
    return { newest: this.#newest, count: this.#count }
  }

  /** A message with that sequence was read, acknowledged, or heard after one that was. */
  noteSequence(sequence: number): void {
    this.#newest = Math.max(this.#newest, sequence)
  }

  /** A new epoch has begun. */
  startNewEpoch(): void {
    this.#count += 1
    this.#newest = 0
    this.#maxEvents = Number.POSITIVE_INFINITY
    this.#behindSince = undefined
  }

  /** The state with its epoch; undefined while it is too early to tell. */
  snapshotOf(state: StreamState, { newest, count }: Seen): StreamSnapshot | undefined {
    if (state.created !== this.#created) {
      this.#created = state.created
      this.startNewEpoch()
    } else if (count === this.#count && state.lastSequence < newest) {
      this.#behindSince ??= performance.now()
      // A newly elected leader may have to load first what the cluster has agreed on.
      if (state.isReplicated && performance.now() - this.#behindSince < BELIEVED_MS) return undefined
      this.startNewEpoch()
    }
    this.#behindSince = undefined
    this.noteSequence(state.lastSequence)
    // The gaps of a lower limit may still be there.
    this.#maxEvents = Math.min(this.#maxEvents, state.maxEvents)
    return { ...state, epoch: `${state.created}~${this.#count}`, maxEvents: this.#maxEvents }
  }
}
