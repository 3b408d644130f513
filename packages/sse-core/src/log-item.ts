import type { LogEntry } from './backplane.js'
import { momentOf, now } from './clock.js'
import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import { isJson, readBody, verbatimOf } from './event-reading.js'
import { Frame, frameOf, shareFrame } from './frame.js'

/** What distinguishes an item from others, of which some may have the same id. */
export type ItemIdentity = Pick<LogItem, 'id' | 'hasOwnId' | 'uniqueId' | 'at' | 'previousId'>

/**
 * One place in a log: an event, the end of the channel, or a gap. A gap means that the backplane lost its position, so
 * that it is unknown what came before.
 *
 * Only the bytes of an event are kept. The object may be changed by its owner, and would take as much memory again.
 */
export class LogItem {
  readonly kind: 'event' | 'end' | 'gap'
  readonly id: string
  /** When it was published, by the clock of the log that it comes from: the same whenever it is read. */
  readonly at: number
  /** The moment from which its age counts, by `now()`. */
  readonly since: number
  /** The id of the entry before it, if the backplane knows it. */
  readonly previousId: string | undefined
  /** If the publisher chose the id: as `LogEntry.uniqueId`. */
  readonly uniqueId: string | undefined
  readonly frame: Frame | undefined
  /** Whether the publisher chose the id, which may then have any form, and occur more than once. */
  readonly hasOwnId: boolean
  readonly #hasJson: boolean
  readonly #verbatim: Pick<SseEvent, 'data' | 'comment'> | undefined
  #event: SseEvent | undefined

  constructor({ kind, id, at, since, previousId, uniqueId, frame, event }: LogItemFields) {
    this.kind = kind
    this.id = id
    this.at = at
    this.since = since
    this.previousId = previousId
    this.frame = frame
    this.hasOwnId = event?.id !== undefined
    this.uniqueId = this.hasOwnId ? uniqueId : undefined
    this.#hasJson = event !== undefined && isJson(event)
    this.#verbatim = event && verbatimOf(event)
  }

  /** Whether another item was made from the same entry. */
  isSame({ id, uniqueId, at, previousId }: ItemIdentity): boolean {
    if (this.id !== id) return false
    return this.uniqueId === undefined ? this.at === at && this.previousId === previousId : this.uniqueId === uniqueId
  }

  /** The event with its id, frozen and shared by all filters; made when the first filter needs it. */
  get event(): SseEvent | undefined {
    if (this.#event === undefined && this.frame !== undefined) this.#event = Object.freeze(this.copyEvent())
    return this.#event
  }

  /** A copy of the event with its id, which the caller may change. */
  copyEvent(): SseEvent {
    return { ...this.#read(this.frame as Frame), id: this.id }
  }

  /** The entry that it was made from, for a backplane that keeps nothing else. */
  toEntry(): LogEntry {
    const { id, at, previousId, uniqueId, frame } = this
    if (frame === undefined) return { id, previousId, at, end: true }
    const event = this.#read(frame)
    const entry = { id, previousId, uniqueId, at, event: this.hasOwnId ? { ...event, id } : event }
    shareFrame(entry, frame)
    return entry
  }

  #read(frame: Frame): SseEvent {
    return { ...readBody(frame.body, this.#hasJson), ...this.#verbatim }
  }
}

interface LogItemFields {
  readonly kind: 'event' | 'end' | 'gap'
  readonly id: string
  readonly at: number
  readonly since: number
  readonly previousId?: string | undefined
  readonly uniqueId?: string | undefined
  readonly frame?: Frame
  /** The event in the frame. */
  readonly event?: SseEvent
}

const ID = /^[!-~]{1,128}$/

/** Whether a text may be the id of a place in a log, and be sent as one. */
export function isId(text: string): boolean {
  return ID.test(text)
}

/**
 * Makes the item of an entry.
 *
 * @param body the event's text without its id line, if it is known
 * @param since the moment from which its age counts, by `now()`. Default: the entry's own time
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`: it cannot be written
 */
export function itemOf(entry: LogEntry, body?: string, since: number = momentOf(entry.at)): LogItem {
  const { id, previousId, uniqueId, loggedAt: at = entry.at } = entry
  if (!isId(id))
    throw new SseError('ERR_SSE_INVALID_EVENT', `the log has an id that cannot be written: ${JSON.stringify(id)}`)
  if ('end' in entry) return new LogItem({ kind: 'end', id, at, since, previousId })
  const frame = body === undefined ? frameOf(entry) : new Frame(id, body)
  return new LogItem({ kind: 'event', id, at, since, previousId, uniqueId, frame, event: entry.event })
}

/** A place whose content is unknown: the entries before it were lost, or it cannot be read itself. */
export function gapItem(id: string = `${newEpoch()}.g`): LogItem {
  return new LogItem({ kind: 'gap', id, at: Date.now(), since: now() })
}
