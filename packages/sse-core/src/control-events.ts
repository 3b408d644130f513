import type { Gap } from './cursor.js'
import { idLine } from './event-text.js'

/** The type of the event that says that events are missing. */
export const GAP_EVENT = 'sse-gap'
/** The type of the event that moves a client's `Last-Event-ID` without news. */
const CHECKPOINT_EVENT = 'sse-checkpoint'

/**
 * The text of a gap, with LF.
 *
 * @param id the place just before what follows. Without it the old id would come back at the next reconnect, and the gap again.
 */
export function formatGap(id: string | undefined, gap: Gap & { readonly channel?: string }): string {
  return `${idLine(id)}event: ${GAP_EVENT}\ndata: ${JSON.stringify(gap)}\n\n`
}

/**
 * The text of a checkpoint, with LF.
 *
 * The standard lets a block of nothing but an id move the last event id; the npm clients `eventsource` and
 * `event-source-polyfill` ignore it. This form works everywhere.
 */
export function formatCheckpoint(id: string): string {
  return `${idLine(id)}event: ${CHECKPOINT_EVENT}\ndata: \n\n`
}
