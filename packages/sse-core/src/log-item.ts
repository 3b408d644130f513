import type { LogEntry } from './backplane.js'
import { newEpoch } from './epoch.js'
import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import { Frame, frameOf } from './frame.js'

/**
 * One place in a log: an event, the end of the channel, or a gap (the backplane lost its place, so that nobody knows
 * what came before this).
 */
export class LogItem {
  readonly kind: 'event' | 'end' | 'gap'
  readonly id: string
  /** When it was published, in ms since the epoch. */
  readonly at: number
  /** What the backplane delivered; undefined for a gap. */
  readonly entry: LogEntry | undefined
  readonly frame: Frame | undefined
  #event: SseEvent | undefined

  constructor(kind: 'event' | 'end' | 'gap', id: string, at: number, entry?: LogEntry, frame?: Frame) {
    this.kind = kind
    this.id = id
    this.at = at
    this.entry = entry
    this.frame = frame
  }

  /** The event, with its id; made when a filter or an iterator first wants to see it. */
  get event(): SseEvent | undefined {
    const { entry, id } = this
    if (this.#event === undefined && entry !== undefined && 'event' in entry) {
      this.#event = Object.freeze({ ...entry.event, id })
    }
    return this.#event
  }
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
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`: it cannot be written
 */
export function itemOf(entry: LogEntry, body?: string): LogItem {
  const { id, at } = entry
  if (!isId(id))
    throw new SseError('ERR_SSE_INVALID_EVENT', `the log has an id that cannot be written: ${JSON.stringify(id)}`)
  if ('end' in entry) return new LogItem('end', id, at, entry)
  const frame = body === undefined ? frameOf(entry) : new Frame(id, body)
  return new LogItem('event', id, at, entry, frame)
}

/** A place of which nobody knows what was there: what came before it was lost, or it cannot be read itself. */
export function gapItem(id: string = `${newEpoch()}.g`): LogItem {
  return new LogItem('gap', id, Date.now())
}

/** Whether the publisher chose an event's id, so that it may look like anything. */
export function hasOwnId({ entry }: LogItem): boolean {
  return entry !== undefined && 'event' in entry && entry.event.id !== undefined
}
