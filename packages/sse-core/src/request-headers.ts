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

/** Discards a request body that nobody reads: unread, it would hide that the client has disconnected. */
export function drainBody(req: SseRequest): void {
  if (req.readableFlowing !== null) return
  const { headers } = req
  // An HTTP/1 request without these headers has no body. To resume a request that has already ended would cost each
  // stream some turns of the event loop.
  const isEmpty =
    req.httpVersionMajor === 1 && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
  if (!isEmpty) req.resume()
}
