import type { LogEntry } from './backplane.js'
import { momentOf, now } from './clock.js'
import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import { isJson, readBody, verbatimOf } from './event-reading.js'
import { Frame, frameOf, shareFrame } from './frame.js'

/**
 * One place in a log: an event, the end of the channel, or a gap (the backplane lost its place, so that nobody knows
 * what came before this).
 *
 * Of an event it keeps the bytes alone: what was broadcast may be changed by whoever did it, and weighs as much again.
 */
export class LogItem {
  readonly kind: 'event' | 'end' | 'gap'
  readonly id: string
  /** When it was published, as the log that it comes from has it: the same whenever it is read. */
  readonly at: number
  /** Since when it exists, by `now()`: its age. */
  readonly since: number
  /** The id of the entry before it, where the backplane knew it. */
  readonly previousId: string | undefined
  readonly frame: Frame | undefined
  /** Whether the publisher chose the id, so that it may look like anything. */
  readonly hasOwnId: boolean
  readonly #hasJson: boolean
  readonly #verbatim: Pick<SseEvent, 'data' | 'comment'> | undefined
  #event: SseEvent | undefined

  constructor({ kind, id, at, since, previousId, frame, event }: LogItemFields) {
    this.kind = kind
    this.id = id
    this.at = at
    this.since = since
    this.previousId = previousId
    this.frame = frame
    this.hasOwnId = event?.id !== undefined
    this.#hasJson = event !== undefined && isJson(event)
    this.#verbatim = event && verbatimOf(event)
  }

  /** The event, with its id, as every filter sees it; made when the first wants to. */
  get event(): SseEvent | undefined {
    if (this.#event === undefined && this.frame !== undefined) this.#event = Object.freeze(this.copyEvent())
    return this.#event
  }

  /** The event, with its id, which the caller may change. */
  copyEvent(): SseEvent {
    return { ...this.#read(this.frame as Frame), id: this.id }
  }

  /** The entry that it was made of, for whoever keeps nothing else. */
  toEntry(): LogEntry {
    const { id, at, previousId, frame } = this
    if (frame === undefined) return { id, previousId, at, end: true }
    const event = this.#read(frame)
    const entry = { id, previousId, at, event: this.hasOwnId ? { ...event, id } : event }
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
  readonly frame?: Frame
  /** The event of the frame. */
  readonly event?: SseEvent
}

const ID = /^[!-~]{1,128}$/

/** Whether a text may be the id of a place in a log, and go over the wire as one. */
export function isId(text: string): boolean {
  return ID.test(text)
}

/**
 * The item that an entry becomes.
 *
 * @param body the event's text but for its id, if it is known
 * @param since since when it exists, by `now()`. Default: what its time says
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`: it cannot be written
 */
export function itemOf(entry: LogEntry, body?: string, since: number = momentOf(entry.at)): LogItem {
  const { id, previousId, loggedAt: at = entry.at } = entry
  if (!isId(id))
    throw new SseError('ERR_SSE_INVALID_EVENT', `the log has an id that cannot be written: ${JSON.stringify(id)}`)
  if ('end' in entry) return new LogItem({ kind: 'end', id, at, since, previousId })
  const frame = body === undefined ? frameOf(entry) : new Frame(id, body)
  return new LogItem({ kind: 'event', id, at, since, previousId, frame, event: entry.event })
}

/** A place of which nobody knows what was there: what came before it was lost, or it cannot be read itself. */
export function gapItem(id: string = `${newEpoch()}.g`): LogItem {
  return new LogItem({ kind: 'gap', id, at: Date.now(), since: now() })
}
