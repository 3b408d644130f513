import type { StreamLife } from './life.js'
import { markOf, type StoredMessage } from './messages.js'

/** From this size on an event is not sent again only to see that it is there still. */
const BIG_BYTES = 8 * 1024

/**
 * What this node knows of the newest message of a channel that it follows. The server forgets what has expired, its sequence
 * included; this is how a node whose last message has expired knows that it missed nothing.
 */
export class Track {
  /** The sequence of the newest message, or where the stream ended when the channel had none. */
  tail = 0
  /** What the newest message is known by. */
  mark: string | undefined
  /** Whether the channel has no message there, or none any more. */
  isEmpty = false
  /** Where the channel's end is, if it has ended. */
  end: number | undefined
  #bytes = 0
  #epoch = ''
  #round = -1
  // Up to where in the stream the channel surely has nothing behind its tail.
  #emptyUpTo = 0
  // Where the stream ended when the channel was last compared.
  #comparedAt = -1
  #isSettled = false
  // What bells have said since one was missed follows on this sequence, up to which the stream has not been read since.
  #heardFrom: number | undefined

  get epoch(): string {
    return this.#epoch
  }

  /** Whether the newest message is too big to be read only to see that it is there still. */
  get isBig(): boolean {
    return this.#bytes > BIG_BYTES
  }

  /** Whether that is known since this round of the stream began. */
  isOf(round: number): boolean {
    return this.#round === round
  }

  /** Whether it stands at a place. */
  isAt(epoch: string, sequence: number): boolean {
    return this.#epoch === epoch && this.tail === sequence
  }

  /** Whether the stream has not moved since the channel was compared with it. */
  isCompared(life: StreamLife, round: number): boolean {
    return this.#epoch === life.epoch && this.#round === round && this.#comparedAt === life.lastSequence
  }

  /** Whether it was compared with it so that nothing can have been overlooked, too. */
  isSettled(life: StreamLife, round: number): boolean {
    return this.#isSettled && this.isCompared(life, round)
  }

  /** Whether the newest message was read, or heard after one that was. */
  get isAttached(): boolean {
    return this.#heardFrom === undefined
  }

  /** Notes a message that was heard, and what it followed. */
  noteHeard(epoch: string, round: number, message: StoredMessage, previous: number): void {
    if (previous !== this.tail) this.#heardFrom = previous
    this.#note(epoch, round, message)
  }

  /** Notes a message that was read; one that is older than the newest says nothing of that. */
  note(epoch: string, round: number, message: StoredMessage): void {
    this.#attach(message.sequence)
    this.#note(epoch, round, message)
  }

  #note(epoch: string, round: number, message: StoredMessage): void {
    this.#round = round
    if (this.#epoch === epoch && message.sequence <= this.tail) return
    this.#moveTo(epoch, message.sequence)
    this.mark = markOf(message)
    this.#bytes = message.data.length
  }

  /** Notes that there is nothing behind a place that was read from. */
  noteRead(epoch: string, round: number, sequence: number): void {
    this.#round = round
    this.#attach(sequence)
    if (this.#epoch !== epoch || sequence > this.tail) this.#moveTo(epoch, sequence)
  }

  /** Notes that the channel has nothing, or nothing any more. */
  noteEmpty(life: StreamLife, round: number): void {
    // All who follow it stand at the same place, so that one comparison tells whether they missed anything.
    if (this.#epoch === life.epoch && life.firstSequence <= this.#emptyUpTo + 1) this.noteQuiet(life, round, true)
    else if (this.#epoch !== life.epoch || life.lastSequence > this.tail) this.#moveTo(life.epoch, life.lastSequence)
    this.#round = round
    this.mark = undefined
    this.isEmpty = true
    this.end = undefined
  }

  /**
   * Notes that the channel has nothing behind its tail.
   *
   * @param isSure whether that was heard from who cannot be behind
   */
  noteQuiet({ lastSequence }: StreamLife, round: number, isSure: boolean): void {
    this.#round = round
    // Not yet up to here: whoever answered may be a little behind, but not by the time between two comparisons.
    this.#emptyUpTo = Math.max(this.#emptyUpTo, this.#comparedAt)
    this.#comparedAt = lastSequence
    this.#isSettled = isSure
  }

  /** Up to where in the stream the channel surely has nothing behind a sequence, apart from that sequence itself. */
  emptyUpTo(epoch: string, sequence: number): number {
    return this.isAt(epoch, sequence) ? this.#emptyUpTo : sequence
  }

  #attach(sequence: number): void {
    if (this.#heardFrom !== undefined && sequence >= this.#heardFrom) this.#heardFrom = undefined
  }

  #moveTo(epoch: string, sequence: number): void {
    if (this.#epoch !== epoch) this.#heardFrom = undefined
    this.#epoch = epoch
    this.tail = sequence
    this.mark = undefined
    this.isEmpty = false
    this.#bytes = 0
    this.#emptyUpTo = sequence
    this.#comparedAt = -1
  }
}
