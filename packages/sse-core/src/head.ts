import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { SseResponse } from './exchange.js'

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
export function requireHead({ headers = {}, status = 200 }: HeadOptions): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`status must be from 200 to 599, not ${String(status)}`)
  }
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    validateHeaderName(name)
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, `${one}`)
  }
}

/** Sets status and headers of an event stream; what middleware has set before survives. */
export function setStreamHead(res: SseResponse, { headers, status = 200 }: HeadOptions): void {
  res.statusCode = status
  setHeaders(res, headers)
  res.setHeader('Content-Type', 'text/event-stream; charset=utf-8')
  res.setHeader('X-Accel-Buffering', 'no')
  // `no-transform` keeps compression away, which would hold events back.
  if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'no-cache, no-transform')
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

function setHeaders(res: SseResponse, headers: SseHeaders = {}): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) res.setHeader(name, value as number | string | string[])
  }
}
