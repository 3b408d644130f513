import { markOf, type StoredMessage } from './messages.js'
import type { Place } from './place.js'
import type { Stream } from './stream.js'
import type { StreamSnapshot } from './stream-state.js'

/** An event of this size or more is not transferred again just to check that it still exists. */
const BIG_BYTES = 8 * 1024

/** An event that was heard and that had no predecessor on its subject. */
interface FirstEvent {
  readonly generation: number
  readonly sequence: number
  readonly mark: string
}

/**
 * What this node knows of the newest message of a followed channel. The server forgets expired messages with their
 * sequences; by this a node whose last message has expired knows that it missed nothing.
 */
export class ChannelTail {
  /** The sequence of the newest message, or the stream's last sequence at a time when the channel had none. */
  sequence = 0
  /** Identifies the newest message. */
  mark: string | undefined
  /** Whether the channel has no message at `sequence`, or none any more. */
  isEmpty = false
  /** The sequence of the channel's end, if it has ended. */
  end: number | undefined
  #bytes = 0
  #epoch = ''
  #generation = -1
  // An event after the newest message. The server had no event of the channel when it stored that.
  #first: FirstEvent | undefined
  // Up to this sequence of the stream the channel certainly has nothing after its newest message.
  #emptyUpTo = 0
  // The stream's last sequence when the channel was last compared.
  #comparedAt = -1
  #isSettled = false
  // Set after a missed bell: the sequence that the bells since then follow on. The stream has not been read up to it
  // yet.
  #heardFrom: number | undefined

  get epoch(): string {
    return this.#epoch
  }

  /** Whether the newest message is too big to be read just to check that it still exists. */
  get isBig(): boolean {
    return this.#bytes > BIG_BYTES
  }

  /** Whether this was learned in the given generation of the stream. */
  isOf(generation: number): boolean {
    return this.#generation === generation
  }

  /** Whether the channel's newest message is at this place. */
  isAt(epoch: string, sequence: number): boolean {
    return this.#epoch === epoch && this.sequence === sequence
  }

  /** Whether the stream has not changed since the channel was last compared with it. */
  isCompared(snapshot: StreamSnapshot, generation: number): boolean {
    return (
      this.#epoch === snapshot.epoch && this.#generation === generation && this.#comparedAt === snapshot.lastSequence
    )
  }

  /** The same, and nothing can have been overlooked in that comparison. */
  isSettled(snapshot: StreamSnapshot, generation: number): boolean {
    return this.#isSettled && this.isCompared(snapshot, generation)
  }

  /** Whether the newest message was read, or was heard in an unbroken sequence after one that was read. */
  get isAttached(): boolean {
    return this.#heardFrom === undefined
  }

  /** Notes a message that was heard, and its predecessor. */
  noteHeard(epoch: string, generation: number, message: StoredMessage, previous: number): void {
    if (previous !== this.sequence) this.#heardFrom = previous
    this.#note(epoch, generation, message)
  }

  /** Notes an event that was heard, before which the channel had none. The stream has not been asked about it yet. */
  noteFirst(generation: number, message: StoredMessage): void {
    this.#first = { generation, sequence: message.sequence, mark: markOf(message) }
  }

  /** The event that was noted by `noteFirst` since the channel's newest message was at this place. */
  firstAfter(epoch: string, sequence: number, generation: number): FirstEvent | undefined {
    return this.isAt(epoch, sequence) && this.#first?.generation === generation ? this.#first : undefined
  }

  /** Notes a message that was read. An older one than the newest changes nothing. */
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

  /** Notes that a read from `sequence` found nothing after it. */
  noteRead(epoch: string, generation: number, sequence: number): void {
    this.#generation = generation
    this.#attach(sequence)
    if (this.#epoch !== epoch || sequence > this.sequence) this.#moveTo(epoch, sequence)
  }

  /** Notes that the channel has no messages, or none any more. */
  noteEmpty(snapshot: StreamSnapshot, generation: number): void {
    // All followers of the channel keep the same place, so that one comparison shows whether they missed anything.
    if (this.#epoch === snapshot.epoch && snapshot.firstSequence <= this.#emptyUpTo + 1)
      this.noteQuiet(snapshot, generation, true)
    else if (this.#epoch !== snapshot.epoch || snapshot.lastSequence > this.sequence)
      this.#moveTo(snapshot.epoch, snapshot.lastSequence)
    this.#generation = generation
    this.mark = undefined
    this.#first = undefined
    this.isEmpty = true
    this.end = undefined
  }

  /**
   * Notes that the channel has nothing after its newest message.
   *
   * @param isSure whether the answer came from a server that cannot lag behind
   */
  noteQuiet({ lastSequence }: StreamSnapshot, generation: number, isSure: boolean): void {
    this.#generation = generation
    // Not up to the latest comparison: the server that answered may lag a little, but less than the time between two
    // comparisons.
    this.#emptyUpTo = Math.max(this.#emptyUpTo, this.#comparedAt)
    this.#comparedAt = lastSequence
    this.#isSettled = isSure
  }

  /** The sequence up to which the channel certainly has nothing after `sequence`, apart from `sequence` itself. */
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
    this.#first = undefined
    this.isEmpty = false
    this.#bytes = 0
    this.#emptyUpTo = sequence
    this.#comparedAt = -1
  }
}

/** What the stream has at a place where the channel had a message. */
export type Finding = 'same' | 'different' | 'absent' | 'unchecked'

/**
 * What a node knew of its place when it began to read from there. The tail may have moved on by the time the server has
 * answered.
 */
export class TailSnapshot {
  /** Up to this sequence of the stream the channel certainly has nothing after the place. */
  readonly emptyUpTo: number
  readonly #stream: Stream
  readonly #sequence: number
  readonly #first: FirstEvent | undefined
  readonly #mark: string | undefined
  readonly #isEmpty: boolean
  // Whether no bell can have been missed.
  readonly #isFresh: boolean
  readonly #isBig: boolean

  constructor(stream: Stream, tail: ChannelTail, { epoch, sequence }: Place) {
    const isKnown = tail.isAt(epoch, sequence)
    this.emptyUpTo = tail.emptyUpTo(epoch, sequence)
    this.#stream = stream
    this.#sequence = sequence
    this.#first = tail.firstAfter(epoch, sequence, stream.generation)
    this.#mark = isKnown ? tail.mark : undefined
    this.#isEmpty = isKnown && tail.isEmpty
    this.#isFresh = tail.isOf(stream.generation)
    this.#isBig = tail.isBig
  }

  /** Whether a bell has told of an event after the place, before which the channel had none. */
  get hasFirst(): boolean {
    return this.#first !== undefined && this.#isFresh
  }

  /** Whether it is this one. */
  isFirst(message: StoredMessage): boolean {
    return message.sequence === this.#first?.sequence && markOf(message) === this.#first.mark
  }

  /** @param subjects the channel's subjects */
  async find(subjects: readonly string[]): Promise<Finding> {
    if (this.#mark === undefined || (this.#isBig && this.#isFresh)) return 'unchecked'
    const message = await this.#stream.at(this.#sequence)
    if (message === undefined) return 'absent'
    return subjects.includes(message.subject) && markOf(message) === this.#mark ? 'same' : 'different'
  }

  /**
   * Whether the channel has something that only another epoch of the stream can have.
   *
   * @param oldest its oldest event, if it was read
   */
  isContradicted(found: Finding, oldest: StoredMessage | undefined): boolean {
    return found === 'different' || (this.#isEmpty && oldest !== undefined && oldest.sequence <= this.#sequence)
  }

  /**
   * Whether somebody has removed the message while bells could not be heard, and perhaps messages after it. The stream
   * itself evicts its oldest messages first, of any channel.
   */
  async isRemoved(found: Finding): Promise<boolean> {
    if (found !== 'absent' || this.#isFresh) return false
    const { firstSequence } = await this.#stream.refresh()
    // It may have expired just now, or a new leader may not have loaded it before.
    return firstSequence <= this.#sequence && (await this.#stream.at(this.#sequence)) === undefined
  }
}
