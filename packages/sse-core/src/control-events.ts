import type { Gap } from './cursor.js'
import { idLine } from './event-text.js'

/** The type of the event that reports missing events. */
export const GAP_EVENT = 'sse-gap'
/** The type of the event that only advances a client's `Last-Event-ID`. */
const CHECKPOINT_EVENT = 'sse-checkpoint'

/**
 * Returns the text of a gap, with LF line endings.
 *
 * @param id the id before the next event. Without it, the client would reconnect with its old id and get the gap again
 */
export function formatGap(id: string | undefined, gap: Gap): string {
  return `${idLine(id)}event: ${GAP_EVENT}\ndata: ${JSON.stringify(gap)}\n\n`
}

/**
 * Returns the text of a checkpoint, with LF line endings.
 *
 * By the standard, a block with nothing but an id would advance the last event id, but the npm clients `eventsource`
 * and `event-source-polyfill` ignore it. This form works everywhere.
 */
export function formatCheckpoint(id: string): string {
  return `${idLine(id)}event: ${CHECKPOINT_EVENT}\ndata: \n\n`
}
