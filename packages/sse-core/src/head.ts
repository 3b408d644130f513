import { ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http'
import type { SseRequest, SseResponse } from './http.js'
import type { RespondOptions } from './options.js'
import { drainBody } from './request-body.js'
import { destroyResponse } from './response-close.js'
import type { ResponseLifecycle } from './response-lifecycle.js'
import { shown } from './shown.js'

/** Response headers to set. Names are case-insensitive; a value of `undefined` sets none. */
export type SseHeaders = Readonly<Record<string, number | string | readonly string[] | undefined>>

export interface HeadOptions {
  /**
   * Response headers in addition to the stream's own. `Cache-Control` may be replaced. `Content-Type` and
   * `X-Accel-Buffering` may not: the former makes it an event stream, the latter lets it through nginx.
   */
  readonly headers?: SseHeaders | undefined
  /** The status, 200 to 599. After any other than 200, an EventSource gives up for good. @defaultValue 200 */
  readonly status?: number | undefined
}

/**
 * Checks what Node would reject later, when it is too late for an error response.
 *
 * @throws {RangeError} the status is not one of a final response
 * @throws {TypeError} a header's name or value cannot be sent
 */
export function requireHead({ headers, status = 200 }: HeadOptions): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`status must be from 200 to 599, not ${shown(status)}`)
  }
  if (headers === undefined) return
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    validateHeaderName(name)
    for (const one of Array.isArray(value) ? value : [value]) validateHeaderValue(name, `${one}`)
  }
}

/** Statuses whose responses have no body, and so cannot be streams. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** Whether a response with this status to the request has a body. */
export function hasBody({ method }: SseRequest, status: number): boolean {
  return method !== 'HEAD' && !BODILESS.has(status)
}

const STREAM_HEADERS = Object.freeze({
  'Content-Type': 'text/event-stream; charset=utf-8',
  // `no-transform` turns off compression, which would hold events back.
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
})

const STREAM_HEADER_LIST = Object.entries(STREAM_HEADERS)

/** Sets the status and headers of an event stream. Other headers, set by middleware, are kept. */
export function setStreamHead(res: SseResponse, { headers, status = 200 }: HeadOptions): void {
  // One call is faster than several. If no header was set before, it also spares the response a table of headers, which
  // it would keep (`npm run bench`: new streams, memory). Keeping or removing a header takes more calls.
  const isOneCall =
    headers === undefined &&
    res instanceof ServerResponse &&
    // A wrapper of `writeHead` may want to add headers.
    res.writeHead === ServerResponse.prototype.writeHead &&
    !res.hasHeader('Cache-Control') &&
    !res.hasHeader('Content-Length')
  if (isOneCall) {
    res.writeHead(status, reasonOf(status), STREAM_HEADERS)
    return
  }
  setStatus(res, status)
  if (headers !== undefined) setHeaders(res, headers)
  for (const [name, value] of STREAM_HEADER_LIST) {
    if (name !== 'Cache-Control' || !res.hasHeader(name)) res.setHeader(name, value)
  }
  res.removeHeader('Content-Length')
}

/** Sends the response headers, and what every stream begins with. @throws what keeps them from being sent @internal */
export function beginStream(lifecycle: ResponseLifecycle, options: RespondOptions): void {
  const { req, res, writer, config } = lifecycle
  options.onHead?.()
  try {
    setStreamHead(res, options)
    writer.open()
  } catch (error) {
    unsetStreamHead(res, options)
    if (options.onHead !== undefined) {
      // First, since an answer looks like one of other code.
      lifecycle.fail(error)
      // The framework has released the response by now, and would not answer.
      answerFailure(res)
    }
    throw error
  }
  writer.write(config.preamble)
  drainBody(req)
}

/** Removes the headers of a stream that could not be sent, to make way for an error response. */
function unsetStreamHead(res: SseResponse, { headers = {} }: HeadOptions): void {
  if (res.headersSent) return
  for (const name of [...Object.keys(STREAM_HEADERS), ...Object.keys(headers)]) res.removeHeader(name)
}

/** Answers with a status and no body. */
export function answerEmpty(res: SseResponse, status: number, headers: SseHeaders = {}): void {
  setStatus(res, status)
  setHeaders(res, headers)
  res.removeHeader('Content-Type')
  if (status === 204) res.removeHeader('Content-Length')
  else res.setHeader('Content-Length', '0')
  res.end()
}

/**
 * Refuses a client and tells it to retry later: with an empty stream that contains the delay, since an EventSource
 * gives up for good on any status but 200, or with `503`, for clients that understand it.
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

/** Answers `500` to a request that failed before its headers were sent, if nobody else answers it. */
export function answerFailure(res: SseResponse): void {
  if (res.headersSent) return
  try {
    // One of the headers may have caused the error.
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    answerEmpty(res, 500)
  } catch {
    destroyResponse(res)
  }
}

function setStatus(res: SseResponse, status: number): void {
  res.statusCode = status
  // HTTP/2 has no reason phrases, and Node warns if one is set.
  if (res instanceof ServerResponse) res.statusMessage = reasonOf(status)
}

/** The reason phrase of a status. Middleware may have set that of another status, as Koa does with `ctx.status`. */
function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? 'unknown'
}

function setHeaders(res: SseResponse, headers: SseHeaders = {}): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) res.setHeader(name, value as number | string | string[])
  }
}
