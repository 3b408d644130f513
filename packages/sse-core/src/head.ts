import { ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http'
import type { SseRequest, SseResponse } from './http.js'
import type { RespondOptions } from './options.js'
import { drainBody } from './request-headers.js'
import { destroyResponse } from './response-close.js'
import type { ResponseLifecycle } from './response-lifecycle.js'

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

/** The statuses whose responses have no body, and so no stream. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** Whether a response of this status to the request has a body. */
export function hasBody({ method }: SseRequest, status: number): boolean {
  return method !== 'HEAD' && !BODILESS.has(status)
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

/** Sends the head of a stream and what every stream begins with. @throws what keeps it from being sent */
export function sendHead({ req, res, writer, config }: ResponseLifecycle, options: RespondOptions): void {
  options.onHead?.()
  try {
    setStreamHead(res, options)
    writer.open()
  } catch (error) {
    unsetStreamHead(res, options)
    // The framework has let go of it by now.
    if (options.onHead !== undefined) answerFailure(res)
    throw error
  }
  writer.write(config.preamble)
  drainBody(req)
}

/** Takes the head of a stream back that could not be sent, for an error response. */
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

/** Answers a request that an error left before its head, and that nobody else answers. */
export function answerFailure(res: SseResponse): void {
  if (res.headersSent) return
  try {
    // One of them may be the error.
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    answerEmpty(res, 500)
  } catch {
    destroyResponse(res)
  }
}

function setStatus(res: SseResponse, status: number): void {
  res.statusCode = status
  // HTTP/2 has no reasons, and Node warns of one.
  if (res instanceof ServerResponse) res.statusMessage = reasonOf(status)
}

/** The reason phrase of a status: middleware may have set another's, as Koa does with `ctx.status`. */
function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? 'unknown'
}

function setHeaders(res: SseResponse, headers: SseHeaders = {}): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) res.setHeader(name, value as number | string | string[])
  }
}
