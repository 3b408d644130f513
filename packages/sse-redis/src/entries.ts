import type { LogEntry, LogInput, PlacedEntry, SseEvent } from '@ssekit/sse-core'
import { END_JSON } from './lua.js'

/** An entry as the stream keeps it: what was published, and the mark of the batch that brought it. */
export interface StoredEntry {
  /** The stream's own id: `<ms>-<sequence>`. */
  readonly streamId: string
  readonly mark: string
  /** What its JSON holds. */
  readonly value: unknown
}

/** An entry as the scripts return it. */
export function storedOf(row: unknown): StoredEntry {
  const [streamId, json, mark] = (row as unknown[]).map(String) as [string, string, string]
  return { streamId, mark, value: parse(json) }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // Some other program's. As text it is no event, and the core says so where it stands.
    return json
  }
}

/** What is published, as text. */
export function encode(input: LogInput): string {
  return 'end' in input ? END_JSON : JSON.stringify(input.event)
}

/**
 * The place of an entry, and its id if its publisher gave none: the stream's own, and what no other log ever had there.
 * Without the mark, an event of a stream that was lost and one of its successor could have the same, if the server's clock
 * went back, and those of two databases have the same any day.
 */
export function idOf(streamId: string, mark: string): string {
  return `${streamId}-${mark}`
}

/** The id of whoever has read all before an entry, of which nobody knows the one before it. */
export function idBefore(streamId: string, mark: string): string {
  return `before-${idOf(streamId, mark)}`
}

/** What an id of ours says. */
export interface ParsedId {
  readonly streamId: string
  readonly mark: string
  readonly isBefore: boolean
}

/** What an id says, if it may be one of ours. */
export function parseId(id: string): ParsedId | undefined {
  const [, before, streamId, mark] = /^(before-)?((?:0|[1-9]\d{0,14})-(?:0|[1-9]\d{0,9}))-([\w.]{1,40})$/.exec(id) ?? []
  if (streamId === undefined || mark === undefined) return undefined
  return { streamId, mark, isBefore: before !== undefined }
}

/** Entries of a log, one behind the other. @param beforeId the id of the one before the first, if it is known */
export function decodeAll(stored: readonly StoredEntry[], beforeId: string | undefined): PlacedEntry[] {
  let previousId = beforeId
  return stored.map((each) => {
    const entry = decode(each, previousId)
    previousId = entry.id
    return { place: idOf(each.streamId, each.mark), entry }
  })
}

function decode({ streamId, mark, value }: StoredEntry, previousId: string | undefined): LogEntry {
  const at = timeOf(streamId)
  const fields = typeof value === 'object' && value !== null ? value : {}
  if ('end' in fields) return { id: idOf(streamId, mark), previousId, at, end: true }
  const ownId = 'id' in fields ? String(fields.id) : undefined
  return { id: ownId ?? idOf(streamId, mark), previousId, at, event: value as SseEvent }
}

/** When an entry was made, in ms since the epoch by the server's clock. */
function timeOf(streamId: string): number {
  return Number.parseInt(streamId, 10)
}

/**
 * Whether a place was made after another one, of whatever life of the log. A place without entry is before those of its ms.
 *
 * Batches of one process say it themselves. Of others it is the stream's ids, which a server goes back with that took over
 * from another one without its newest entries, and whose clock is behind.
 */
export function isLater(place: string, than: string): boolean {
  const [one, other] = [parsePlace(place), parsePlace(than)]
  if (one.publisher === other.publisher && one.batch !== other.batch) return one.batch > other.batch
  return one.ms === other.ms ? one.sequence > other.sequence : one.ms > other.ms
}

interface Place {
  readonly ms: number
  readonly sequence: number
  /** The process of ours that made it, if it was one, and the number of the batch. */
  readonly publisher: string
  readonly batch: number
}

/** A mark that a publisher of ours has made; other programs' may be anything. */
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
