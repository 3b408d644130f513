import type { StreamLife } from './life.js'

/**
 * What this node knows of the newest message of a channel that it follows. The server forgets what has expired, its sequence
 * included; this is how a node whose last message has expired knows that it missed nothing.
 */
export class Track {
  /** The id of the newest message, or where the stream ended when the channel had none. */
  tail = 0
  /** How big it is, in bytes. */
  bytes = 0
  /** Where the channel's end is, if it has ended. */
  end: number | undefined
  #epoch = ''
  #round = -1
  // Up to where in the stream the channel surely has nothing behind its tail.
  #emptyUpTo = 0
  // Where the stream ended when the channel was last compared.
  #comparedAt = -1

  get epoch(): string {
    return this.#epoch
  }

  /** Whether that is known since this round of the stream began. */
  isOf(round: number): boolean {
    return this.#round === round
  }

  /** Whether the stream has not moved since the channel was compared with it. */
  isSettled({ epoch, lastSequence }: StreamLife, round: number): boolean {
    return this.#epoch === epoch && this.#round === round && this.#comparedAt === lastSequence
  }

  /** Notes a message that was heard or read; one that is older than the newest says nothing. */
  note(epoch: string, round: number, sequence: number, bytes: number): void {
    const isNew = this.#epoch !== epoch || sequence > this.tail
    this.#round = round
    if (!isNew) return
    this.#epoch = epoch
    this.tail = sequence
    this.bytes = bytes
    this.#emptyUpTo = sequence
    this.#comparedAt = -1
  }

  /** Notes that the channel has nothing behind its tail. */
  noteQuiet({ lastSequence }: StreamLife, round: number): void {
    this.#round = round
    // Not yet up to here: whoever answered may be a little behind, but not by the time between two comparisons.
    this.#emptyUpTo = Math.max(this.#emptyUpTo, this.#comparedAt)
    this.#comparedAt = lastSequence
  }

  /** Up to where in the stream the channel surely has nothing behind a sequence, apart from that sequence itself. */
  emptyUpTo(epoch: string, sequence: number): number {
    return this.#epoch === epoch && this.tail === sequence ? this.#emptyUpTo : sequence
  }
}
