import { requireEventBytes } from './encoder.js'
import { SseError } from './errors.js'
import type { SseEvent } from './event.js'
import { type CheckedEvent, checkEvent, idLine } from './event-text.js'
import { isId } from './log-item.js'

/**
 * Checks that an event can be broadcast: it can be written, it is not too large, and its id, if any, suits a log.
 *
 * @throws {SseError} `ERR_SSE_INVALID_EVENT`, `ERR_SSE_LIMIT`
 */
export function checkBroadcast(input: SseEvent | string, maxEventBytes: number): CheckedEvent {
  const checked = checkEvent(input)
  const { id } = checked.event
  if (id !== undefined && !isId(id)) {
    throw new SseError(
      'ERR_SSE_INVALID_EVENT',
      `id must be 1–128 characters from ! to ~, not ${JSON.stringify(id.slice(0, 160))}`,
    )
  }
  const text = idLine(id) + checked.body
  // A UTF-16 unit takes at most three bytes, so only text that may be too large is measured.
  if (text.length * 3 > maxEventBytes) requireEventBytes(Buffer.byteLength(text), maxEventBytes)
  return checked
}
