import type { SseChannel } from './channel.js'
import { isId } from './log-item.js'

/** Longer ids, or other characters, make a browser send a CORS preflight before it reconnects across origins. */
const MAX_LENGTH = 128
/** Separates the positions of a vector id; generated ids do not contain it. */
const SEPARATOR = '~'

/** How many parts fit into one id, if all of them are empty. */
export const MAX_PARTS: number = MAX_LENGTH + 1

/** The id of places in several channels, with `''` for a channel without one; undefined if it cannot be written. */
export function vectorOf(parts: readonly string[]): string | undefined {
  // Until the place in a channel is found, its part is what the client sent: any text at all.
  if (!parts.every((part) => part === '' || (isId(part) && !part.includes(SEPARATOR)))) return undefined
  const id = parts.join(SEPARATOR)
  return id.length <= MAX_LENGTH ? id : undefined
}

/** Splits an id into its parts. One with more than fit into an id is no vector id, however many it has. */
export function split(id: string): string[] {
  return id.split(SEPARATOR, MAX_PARTS + 1)
}

/** The part of an id for the channel at an index; `isAlone` if there will be no other channel. */
export function partOf(lastEventId: string, channel: SseChannel, index: number, isAlone: boolean): string | undefined {
  return index > 0 ? split(lastEventId)[index] : partsOf(lastEventId, channel, isAlone)[0]
}

/** The parts of an id, one for each channel of a stream. */
export function partsOf(lastEventId: string, first: SseChannel, isAlone: boolean): readonly string[] {
  const parts = split(lastEventId)
  // A publisher's own id may contain the separator.
  if (parts.length === 1 || isIn(first, lastEventId)) return [lastEventId]
  // The id may be from a stream that had more channels than this one.
  return isAlone && !isIn(first, parts[0] ?? '') ? [lastEventId] : parts
}

function isIn({ log }: SseChannel, id: string): boolean {
  return log?.positionAfter(id) !== undefined
}
