import type { LogEntry, LogInput, PlacedEntry, SseEvent } from '@ssekit/sse-core'

/** An entry as the stream keeps it: what was published, and the mark of the batch that brought it. */
export interface StoredEntry {
  /** The stream's own id: `<ms>-<sequence>`. */
  readonly place: string
  readonly mark: string
  /** What its JSON holds. */
  readonly value: unknown
}

/** An entry as the scripts return it. */
export function storedOf(row: unknown): StoredEntry {
  const [place, json, mark] = (row as unknown[]).map(String) as [string, string, string]
  return { place, mark, value: parse(json) }
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

/** What stands for the end of a channel, by which the scripts know it: no event has such a field. */
export const END_JSON = '{"end":true}'

/**
 * The id of a place: the stream's own, and what no other log ever had there. Without the mark, an event of a stream that was
 * lost and one of its successor could have the same id, if the server's clock went back.
 */
export function idOf(place: string, mark: string): string {
  return `${place}-${mark}`
}

/** The id of whoever has read all before an entry, of which nobody knows the one before it. */
export function idBefore(place: string, mark: string): string {
  return `before-${idOf(place, mark)}`
}

/** What an id of ours says. */
export interface ParsedId {
  readonly place: string
  readonly mark: string
  readonly isBefore: boolean
}

/** What an id says, if it may be one of ours. */
export function parseId(id: string): ParsedId | undefined {
  const [, before, place, mark] = /^(before-)?((?:0|[1-9]\d{0,14})-(?:0|[1-9]\d{0,9}))-([\w.]{1,40})$/.exec(id) ?? []
  if (place === undefined || mark === undefined) return undefined
  return { place, mark, isBefore: before !== undefined }
}

/** Entries of a log, one behind the other. @param beforeId the id of the one before the first, if it is known */
export function decodeAll(stored: readonly StoredEntry[], beforeId: string | undefined): PlacedEntry[] {
  let previousId = beforeId
  return stored.map((each) => {
    const entry = decode(each, previousId)
    previousId = entry.id
    return { place: each.place, entry }
  })
}

function decode({ place, mark, value }: StoredEntry, previousId: string | undefined): LogEntry {
  const at = timeOf(place)
  const fields = typeof value === 'object' && value !== null ? value : {}
  if ('end' in fields) return { id: idOf(place, mark), previousId, at, end: true }
  const ownId = 'id' in fields ? String(fields.id) : undefined
  return { id: ownId ?? idOf(place, mark), previousId, at, event: value as SseEvent }
}

/** When a place was made, in ms since the epoch by the server's clock. */
function timeOf(place: string): number {
  return Number.parseInt(place, 10)
}

/** Whether a place was made after another one, of whatever life of the log. A place without entry is before those of its ms. */
export function isLater(place: string, than: string): boolean {
  const [ms, sequence] = numbersOf(place)
  const [thanMs, thanSequence] = numbersOf(than)
  return ms === thanMs ? sequence > thanSequence : ms > thanMs
}

function numbersOf(place: string): [number, number] {
  const [ms, sequence] = place.split('-')
  return [Number(ms), sequence === undefined || sequence === 'origin' ? -1 : Number(sequence)]
}
