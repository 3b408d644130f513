import { markOf, type StoredMessage } from './messages.js'
import type { Place } from './place.js'
import type { Stream } from './stream.js'
import type { Track } from './track.js'

/** What is at a place where a channel had a message. */
export type Finding = 'that' | 'another' | 'nothing' | 'not asked for'

/** What a node knows of the place that it reads on from, which its track may have left by the time that the stream has answered. */
export class Standing {
  /** Up to where in the stream the channel surely has nothing behind the place. */
  readonly emptyUpTo: number
  readonly #stream: Stream
  readonly #sequence: number
  readonly #mark: string | undefined
  readonly #isEmpty: boolean
  // Whether its bells could be heard all the time.
  readonly #isFresh: boolean
  readonly #isBig: boolean

  constructor(stream: Stream, track: Track, { epoch, sequence }: Place) {
    const isKnown = track.isAt(epoch, sequence)
    this.emptyUpTo = track.emptyUpTo(epoch, sequence)
    this.#stream = stream
    this.#sequence = sequence
    this.#mark = isKnown ? track.mark : undefined
    this.#isEmpty = isKnown && track.isEmpty
    this.#isFresh = track.isOf(stream.round)
    this.#isBig = track.isBig
  }

  /** @param subjects the channel's */
  async find(subjects: readonly string[]): Promise<Finding> {
    if (this.#mark === undefined || (this.#isBig && this.#isFresh)) return 'not asked for'
    const message = await this.#stream.at(this.#sequence)
    if (message === undefined) return 'nothing'
    return subjects.includes(message.subject) && markOf(message) === this.#mark ? 'that' : 'another'
  }

  /**
   * Whether the channel has what only another life of the stream can have.
   *
   * @param oldest its oldest event, if it was asked for
   */
  isBelied(found: Finding, oldest: StoredMessage | undefined): boolean {
    return found === 'another' || (this.#isEmpty && oldest !== undefined && oldest.sequence <= this.#sequence)
  }

  /**
   * Whether somebody has removed what was there while its bells could not be heard, and perhaps what came after it: the stream itself
   * forgets its oldest messages first, of whatever channel.
   */
  async isRemoved(found: Finding): Promise<boolean> {
    if (found !== 'nothing' || this.#isFresh) return false
    const { firstSequence } = await this.#stream.refresh()
    // It may have expired just then, or who leads now may have read it by now.
    return firstSequence <= this.#sequence && (await this.#stream.at(this.#sequence)) === undefined
  }
}
