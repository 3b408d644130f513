import { ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http'
import { isWatched } from './departure.js'
import type { SseResponse } from './exchange.js'
import type { SseManager } from './manager.js'
import { warn } from './report.js'

/** Headers to set; a name in any case, `undefined` for none. */
export type SseHeaders = Readonly<Record<string, number | string | readonly string[] | undefined>>

export interface HeadOptions {
  /**
   * Headers beside the stream's own. `Cache-Control` may be replaced; `Content-Type` and `X-Accel-Buffering` may not, since
   * the one makes it an event stream and the other lets it through nginx.
   */
  readonly headers?: SseHeaders | undefined
  /** The status. An EventSource gives up for good on any but 200. @defaultValue 200 */
  readonly status?: number | undefined
}

/**
 * Checks what Node would refuse later, when it is too late for an error response.
 *
 * @throws {RangeError} the status is none of a final response
 * @throws {TypeError} a header's name or value cannot be sent
 */
export function requireHead({ headers, status = 200 }: HeadOptions): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`status must be from 200 to 599, not ${String(status)}`)
  }
  if (headers === undefined) return
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    validateHeaderName(name)
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, `${one}`)
  }
}

const STREAM_HEADERS = Object.freeze({
  'Content-Type': 'text/event-stream; charset=utf-8',
  // `no-transform` keeps compression away, which would hold events back.
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
})

const STREAM_HEADER_LIST = Object.entries(STREAM_HEADERS)

/** Sets status and headers of an event stream; what middleware has set before survives. */
export function setStreamHead(res: SseResponse, { headers, status = 200 }: HeadOptions): void {
  // One call is faster than several, and where nobody has set a header yet, the response need not make a table of them, which it
  // would keep (`npm run bench`: new streams, memory). It takes more to leave one header alone, or to take one away.
  const isOneCall =
    headers === undefined &&
    res instanceof ServerResponse &&
    // Who wraps it may want to add to the headers.
    res.writeHead === ServerResponse.prototype.writeHead &&
    !res.hasHeader('Cache-Control') &&
    !res.hasHeader('Content-Length')
  if (isOneCall) {
    res.writeHead(status, STREAM_HEADERS)
    return
  }
  res.statusCode = status
  if (headers !== undefined) setHeaders(res, headers)
  for (const [name, value] of STREAM_HEADER_LIST) {
    if (name !== 'Cache-Control' || !res.hasHeader(name)) res.setHeader(name, value)
  }
  res.removeHeader('Content-Length')
}

/** Answers with a status and no body. */
export function answerEmpty(res: SseResponse, status: number, headers: SseHeaders = {}): void {
  res.statusCode = status
  setHeaders(res, headers)
  res.removeHeader('Content-Type')
  if (status === 204) res.removeHeader('Content-Length')
  else res.setHeader('Content-Length', '0')
  res.end()
}

/**
 * Sends a client away for a while: with an empty stream that names the time, since an EventSource gives up for good on
 * anything but 200, or with `503`, for clients that know better.
 */
export function answerLater(res: SseResponse, head: HeadOptions, delayMs: number, how: 'retry' | 'reject'): void {
  if (how === 'reject') {
    answerEmpty(res, 503, {
      ...head.headers,
      'Retry-After': Math.max(1, Math.ceil(delayMs / 1000)),
      'Cache-Control': 'no-store',
    })
    return
  }
  setStreamHead(res, { headers: head.headers })
  res.end(`retry: ${delayMs}\n\n`)
}

/** Sees to it that an error of a source of which nobody else hears is told, and that a request it left is answered. */
export function answerUnheard(error: unknown, res: SseResponse, manager: SseManager | undefined): void {
  const onError = manager?.onError
  // After the head it was told to `onError`, if there is one; before it, nobody else answers.
  if (!res.headersSent || onError === undefined) (onError ?? warn)(error)
  if (!res.headersSent && !isWatched(res)) answerEmpty(res, 500)
}

function setHeaders(res: SseResponse, headers: SseHeaders = {}): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) res.setHeader(name, value as number | string | string[])
  }
}
