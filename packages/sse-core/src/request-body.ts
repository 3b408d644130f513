import type { SseRequest } from './http.js'

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
