import type { StreamSnapshot, StreamState } from './stream-state.js'

/** How long the server that leads may say that it has less than was seen before that is believed, in ms. */
const BELIEVED_MS = 2_000

/** What was seen of the stream before the server was asked. */
export interface Seen {
  readonly newest: number
  readonly count: number
}

/**
 * Tells one life of the stream from the next. A stream that was deleted and made again has another time at which it was made; but a
 * server that comes back with an older copy of its data has not, nor has one of a cluster that has lost what it alone had. That
 * a former life is over shows by a sequence that went back, or by another message where there was one.
 */
export class EpochTracker {
  // The highest sequence that was seen in this life.
  #newest = 0
  #created = ''
  // How many lives have begun under the same time.
  #count = 0
  #maxEvents = Number.POSITIVE_INFINITY
  #behindSince: number | undefined

  get seen(): Seen {
    return { newest: this.#newest, count: this.#count }
  }

  /** A message with that sequence was heard or read. */
  noteSequence(sequence: number): void {
    this.#newest = Math.max(this.#newest, sequence)
  }

  /** Another one has begun. */
  startNewEpoch(): void {
    this.#count += 1
    this.#newest = 0
    this.#maxEvents = Number.POSITIVE_INFINITY
    this.#behindSince = undefined
  }

  /** The life that the server speaks of; undefined where it is too early to say. */
  snapshotOf(state: StreamState, { newest, count }: Seen): StreamSnapshot | undefined {
    if (state.created !== this.#created) {
      this.#created = state.created
      this.startNewEpoch()
    } else if (count === this.#count && state.lastSequence < newest) {
      this.#behindSince ??= performance.now()
      // Who has just been elected may have to read first what it has agreed to.
      if (state.isReplicated && performance.now() - this.#behindSince < BELIEVED_MS) return undefined
      this.startNewEpoch()
    }
    this.#behindSince = undefined
    this.noteSequence(state.lastSequence)
    // Of an older limit the holes may be there still.
    this.#maxEvents = Math.min(this.#maxEvents, state.maxEvents)
    return { ...state, epoch: `${state.created}~${this.#count}`, maxEvents: this.#maxEvents }
  }
}
