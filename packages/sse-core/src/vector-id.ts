import type { SseChannel } from './channel.js'
import { isId } from './log-item.js'

/** Longer or stranger ids make a browser ask for leave (a CORS preflight) before it reconnects across origins. */
const MAX_LENGTH = 128
/** What parts the positions of a vector id; generated ids do not contain it. */
export const SEPARATOR = '~'

/** How many places fit into one, most of them empty. */
export const MAX_PARTS: number = MAX_LENGTH + 1

/** The id of places in several channels, `''` for none in one of them; undefined if it cannot be written. */
export function vectorOf(parts: readonly string[]): string | undefined {
  // A part may be what the client said, as long as its place in that channel is being looked for: any text at all.
  if (!parts.every((part) => part === '' || (isId(part) && !part.includes(SEPARATOR)))) return undefined
  const id = parts.join(SEPARATOR)
  return id.length <= MAX_LENGTH ? id : undefined
}

/** What an id says of the channel at a place; `isAlone` if there will be no other one. */
export function partOf(lastEventId: string, channel: SseChannel, place: number, isAlone: boolean): string | undefined {
  return place > 0 ? lastEventId.split(SEPARATOR)[place] : partsOf(lastEventId, channel, isAlone)[0]
}

/** What an id says of each channel on a stream. */
export function partsOf(lastEventId: string, first: SseChannel, isAlone: boolean): readonly string[] {
  const parts = lastEventId.split(SEPARATOR)
  // A publisher's own id may have the separator in it.
  if (parts.length === 1 || isIn(first, lastEventId)) return [lastEventId]
  // The one channel may have been joined by others on the stream that the id is from.
  return isAlone && !isIn(first, parts[0] ?? '') ? [lastEventId] : parts
}

function isIn({ log }: SseChannel, id: string): boolean {
  return log?.positionAfter(id) !== undefined
}
