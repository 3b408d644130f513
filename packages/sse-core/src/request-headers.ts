import type { SseRequest } from './http.js'

/**
 * The id of the last event that a client says it has; `''` for none.
 *
 * `req.headers` costs nothing here: Node has made it already, to look for an `Expect`. And what the middleware before has
 * written there counts.
 */
export function lastEventIdOf(req: SseRequest): string {
  const header = req.headers['last-event-id']?.toString()
  // Node reads header bytes as Latin-1, and clients write ids as UTF-8.
  if (header !== undefined && header !== '') return Buffer.from(header, 'latin1').toString('utf8')
  const { url = '' } = req
  const start = url.indexOf('?')
  return start === -1 ? '' : (new URLSearchParams(url.slice(start)).get('lastEventId') ?? '')
}

/** Reads a request body that nobody reads: it would hide that the client has left. */
export function drainBody(req: SseRequest): void {
  if (req.readableFlowing !== null) return
  const { headers } = req
  // A request of HTTP/1 without these has none, and to resume what has ended already would cost each stream some turns.
  const isEmpty =
    req.httpVersionMajor === 1 && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
  if (!isEmpty) req.resume()
}
