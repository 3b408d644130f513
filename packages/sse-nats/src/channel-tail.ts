import { markOf, type StoredMessage } from './messages.js'
import type { Place } from './place.js'
import type { Stream } from './stream.js'
import type { StreamSnapshot } from './stream-state.js'

/** From this size on an event is not sent again only to see that it is there still. */
const BIG_BYTES = 8 * 1024

/**
 * What this node knows of the newest message of a channel that it follows. The server forgets what has expired, its sequence
 * included; this is how a node whose last message has expired knows that it missed nothing.
 */
export class ChannelTail {
  /** The sequence of the newest message, or where the stream ended when the channel had none. */
  sequence = 0
  /** What the newest message is known by. */
  mark: string | undefined
  /** Whether the channel has no message there, or none any more. */
  isEmpty = false
  /** Where the channel's end is, if it has ended. */
  end: number | undefined
  #bytes = 0
  #epoch = ''
  #generation = -1
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
  isOf(generation: number): boolean {
    return this.#generation === generation
  }

  /** Whether it stands at a place. */
  isAt(epoch: string, sequence: number): boolean {
    return this.#epoch === epoch && this.sequence === sequence
  }

  /** Whether the stream has not moved since the channel was compared with it. */
  isCompared(snapshot: StreamSnapshot, generation: number): boolean {
    return (
      this.#epoch === snapshot.epoch && this.#generation === generation && this.#comparedAt === snapshot.lastSequence
    )
  }

  /** Whether it was compared with it so that nothing can have been overlooked, too. */
  isSettled(snapshot: StreamSnapshot, generation: number): boolean {
    return this.#isSettled && this.isCompared(snapshot, generation)
  }

  /** Whether the newest message was read, or heard after one that was. */
  get isAttached(): boolean {
    return this.#heardFrom === undefined
  }

  /** Notes a message that was heard, and what it followed. */
  noteHeard(epoch: string, generation: number, message: StoredMessage, previous: number): void {
    if (previous !== this.sequence) this.#heardFrom = previous
    this.#note(epoch, generation, message)
  }

  /** Notes a message that was read; one that is older than the newest says nothing of that. */
  note(epoch: string, generation: number, message: StoredMessage): void {
    this.#attach(message.sequence)
    this.#note(epoch, generation, message)
  }

  #note(epoch: string, generation: number, message: StoredMessage): void {
    this.#generation = generation
    if (this.#epoch === epoch && message.sequence <= this.sequence) return
    this.#moveTo(epoch, message.sequence)
    this.mark = markOf(message)
    this.#bytes = message.data.length
  }

  /** Notes that there is nothing behind a place that was read from. */
  noteRead(epoch: string, generation: number, sequence: number): void {
    this.#generation = generation
    this.#attach(sequence)
    if (this.#epoch !== epoch || sequence > this.sequence) this.#moveTo(epoch, sequence)
  }

  /** Notes that the channel has nothing, or nothing any more. */
  noteEmpty(snapshot: StreamSnapshot, generation: number): void {
    // All who follow it stand at the same place, so that one comparison tells whether they missed anything.
    if (this.#epoch === snapshot.epoch && snapshot.firstSequence <= this.#emptyUpTo + 1)
      this.noteQuiet(snapshot, generation, true)
    else if (this.#epoch !== snapshot.epoch || snapshot.lastSequence > this.sequence)
      this.#moveTo(snapshot.epoch, snapshot.lastSequence)
    this.#generation = generation
    this.mark = undefined
    this.isEmpty = true
    this.end = undefined
  }

  /**
   * Notes that the channel has nothing behind its tail.
   *
   * @param isSure whether that was heard from who cannot be behind
   */
  noteQuiet({ lastSequence }: StreamSnapshot, generation: number, isSure: boolean): void {
    this.#generation = generation
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
    this.sequence = sequence
    this.mark = undefined
    this.isEmpty = false
    this.#bytes = 0
    this.#emptyUpTo = sequence
    this.#comparedAt = -1
  }
}

/** What is at a place where a channel had a message. */
export type Finding = 'same' | 'different' | 'absent' | 'unchecked'

/** What a node knows of the place that it reads on from, which its track may have left by the time that the stream has answered. */
export class TailSnapshot {
  /** Up to where in the stream the channel surely has nothing behind the place. */
  readonly emptyUpTo: number
  readonly #stream: Stream
  readonly #sequence: number
  readonly #mark: string | undefined
  readonly #isEmpty: boolean
  // Whether its bells could be heard all the time.
  readonly #isFresh: boolean
  readonly #isBig: boolean

  constructor(stream: Stream, tail: ChannelTail, { epoch, sequence }: Place) {
    const isKnown = tail.isAt(epoch, sequence)
    this.emptyUpTo = tail.emptyUpTo(epoch, sequence)
    this.#stream = stream
    this.#sequence = sequence
    this.#mark = isKnown ? tail.mark : undefined
    this.#isEmpty = isKnown && tail.isEmpty
    this.#isFresh = tail.isOf(stream.generation)
    this.#isBig = tail.isBig
  }

  /** @param subjects the channel's */
  async find(subjects: readonly string[]): Promise<Finding> {
    if (this.#mark === undefined || (this.#isBig && this.#isFresh)) return 'unchecked'
    const message = await this.#stream.at(this.#sequence)
    if (message === undefined) return 'absent'
    return subjects.includes(message.subject) && markOf(message) === this.#mark ? 'same' : 'different'
  }

  /**
   * Whether the channel has what only another life of the stream can have.
   *
   * @param oldest its oldest event, if it was asked for
   */
  isContradicted(found: Finding, oldest: StoredMessage | undefined): boolean {
    return found === 'different' || (this.#isEmpty && oldest !== undefined && oldest.sequence <= this.#sequence)
  }

  /**
   * Whether somebody has removed what was there while its bells could not be heard, and perhaps what came after it: the stream itself
   * forgets its oldest messages first, of whatever channel.
   */
  async isRemoved(found: Finding): Promise<boolean> {
    if (found !== 'absent' || this.#isFresh) return false
    const { firstSequence } = await this.#stream.refresh()
    // It may have expired just then, or who leads now may have read it by now.
    return firstSequence <= this.#sequence && (await this.#stream.at(this.#sequence)) === undefined
  }
}
