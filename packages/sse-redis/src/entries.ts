import type { LogEntry, LogInput, PlacedEntry, SseEvent } from '@ssekit/sse-core'
import { END_JSON } from './lua.js'

/** An entry as the stream stores it: what was published, and the mark of its batch. */
export interface StoredEntry {
  /** The stream's own id: `<ms>-<sequence>`. */
  readonly streamId: string
  readonly mark: string
  /** Its parsed JSON. */
  readonly value: unknown
  /** Whether it is the end of the channel. The scripts recognise that by its JSON, so nothing else counts as one. */
  readonly isEnd: boolean
}

/** An entry as the scripts return it. */
export function storedOf(row: unknown): StoredEntry {
  const [streamId, json, mark] = (row as unknown[]).map(String) as [string, string, string]
  return { streamId, mark, value: parse(json), isEnd: json === END_JSON }
}

/** An entry as a message brings it, which is what `encode` has made. */
export function notifiedOf(streamId: string, mark: string, value: unknown): StoredEntry {
  const isEnd = 'end' in fieldsOf(value) && JSON.stringify(value) === END_JSON
  return { streamId, mark, value, isEnd }
}

function fieldsOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // Another program wrote it. Text is not an event, and the core reports that in its place.
    return json
  }
}

/** What is published, as JSON. */
export function encode(input: LogInput): string {
  return 'end' in input ? END_JSON : JSON.stringify(input.event)
}

/**
 * The place of an entry, and its id unless its publisher gave one: the stream id and the batch's mark, which no other log ever
 * had there. Without the mark, an event of a lost stream and one of its successor could share an id if the server's clock went
 * back. Events of two databases often would.
 */
export function idOf(streamId: string, mark: string): string {
  return `${streamId}-${mark}`
}

/** The id of the place before an entry, if the entry before it is unknown. */
export function idBefore(streamId: string, mark: string): string {
  return `before-${idOf(streamId, mark)}`
}

const ID = /^[!-~]{1,128}$/
const MADE_HERE = /^(before-)?(0|[1-9]\d{0,14})-(0|[1-9]\d{0,9})-[\w.]{1,40}$/

/** Whether any entry may have this id. */
export function isId(id: string): boolean {
  return ID.test(id)
}

/** Whether an id looks like one of `idOf` or `idBefore`. A publisher's own id may do so too. */
export function looksMadeHere(id: string): boolean {
  return MADE_HERE.test(id)
}

/** Consecutive entries of a log. @param beforeId the id of the entry before the first one, if it is known */
export function decodeAll(stored: readonly StoredEntry[], beforeId: string | undefined): PlacedEntry[] {
  let previousId = beforeId
  return stored.map((each) => {
    const entry = decode(each, previousId)
    previousId = entry.id
    return { place: idOf(each.streamId, each.mark), entry }
  })
}

function decode({ streamId, mark, value, isEnd }: StoredEntry, previousId: string | undefined): LogEntry {
  const at = timeOf(streamId)
  const id = idOf(streamId, mark)
  if (isEnd) return { id, previousId, at, end: true }
  const event = value as SseEvent
  const fields = fieldsOf(value)
  // Another program may have put anything there.
  if (!('id' in fields) || typeof fields.id !== 'string') return { id, previousId, at, event }
  return { id: fields.id, uniqueId: id, previousId, at, event }
}

/** When an entry was stored, in ms since the epoch by the server's clock. */
function timeOf(streamId: string): number {
  return Number.parseInt(streamId, 10)
}

/**
 * Whether a place was made after another one, even if the log has lost its data in between. A place without an entry comes before
 * the entries of its millisecond.
 *
 * Batches of one process have numbers. Otherwise stream ids are compared; those go back if a server takes over that lacks the newest
 * entries and whose clock is behind.
 */
export function isLater(place: string, than: string): boolean {
  const [one, other] = [parsePlace(place), parsePlace(than)]
  if (one.publisher === other.publisher && one.batch !== other.batch) return one.batch > other.batch
  return one.ms === other.ms ? one.sequence > other.sequence : one.ms > other.ms
}

interface Place {
  readonly ms: number
  readonly sequence: number
  /** The process that appended it and the number of its batch, unless another program did. */
  readonly publisher: string
  readonly batch: number
}

/** A mark made by `Publisher`. Those of other programs may be anything. */
const MARK = /^(\w{8})\.([0-9a-z]+)$/

function parsePlace(place: string): Place {
  const [ms, sequence, ...mark] = place.split('-')
  const [, publisher = '', batch = ''] = MARK.exec(mark.join('-')) ?? []
  return {
    ms: Number(ms),
    sequence: sequence === undefined || sequence === 'origin' ? -1 : Number(sequence),
    publisher,
    batch: Number.parseInt(batch, 36) || 0,
  }
}
