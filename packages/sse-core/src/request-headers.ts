import type { SseRequest } from './exchange.js'

/**
 * The id of the last event that a client says it has; `''` for none.
 *
 * Read from the raw headers: `req.headers` makes an object of all of them, which every stream would then keep
 * (`npm run bench`: memory).
 */
export function lastEventIdOf(req: SseRequest): string {
  const header = rawHeader(req, 'last-event-id')
  // Node reads header bytes as Latin-1, and clients write ids as UTF-8.
  if (header !== undefined && header !== '') return Buffer.from(header, 'latin1').toString('utf8')
  const { url = '' } = req
  const start = url.indexOf('?')
  return start === -1 ? '' : (new URLSearchParams(url.slice(start)).get('lastEventId') ?? '')
}

/** Reads a request body that nobody reads: it would hide that the client has left. */
export function drainBody(req: SseRequest): void {
  if (req.readableFlowing !== null) return
  // A request of HTTP/1 without these has none, and to resume what has ended already would cost each stream some turns.
  const isEmpty =
    req.httpVersionMajor === 1 &&
    rawHeader(req, 'content-length') === undefined &&
    rawHeader(req, 'transfer-encoding') === undefined
  if (!isEmpty) req.resume()
}

/** The value of a header; of one that was sent several times, all of them with commas, as in `req.headers`. */
function rawHeader({ rawHeaders = [], headers }: SseRequest, name: string): string | undefined {
  // A request that was made by hand may have no raw ones.
  if (rawHeaders.length === 0) return headers[name]?.toString()
  let found: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] as string
    if (rawName.length !== name.length || rawName.toLowerCase() !== name) continue
    const value = rawHeaders[index + 1] as string
    found = found === undefined ? value : `${found}, ${value}`
  }
  return found
}
