import type { SseRequest } from './http.js'

/**
 * The id of the last event that a client says it has; `''` for none.
 *
 * `req.headers` costs nothing here, since Node has already made it, to look for an `Expect`. What earlier middleware
 * has written there counts.
 */
export function lastEventIdOf(req: SseRequest): string {
  const header = req.headers['last-event-id']?.toString()
  // Node reads header bytes as Latin-1, and clients write ids as UTF-8.
  if (header !== undefined && header !== '') return Buffer.from(header, 'latin1').toString('utf8')
  const { url = '' } = req
  const start = url.indexOf('?')
  return start === -1 ? '' : (new URLSearchParams(url.slice(start)).get('lastEventId') ?? '')
}
