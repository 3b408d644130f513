import { answer } from './answer.js'
import type { CloseReason } from './close-reason.js'
import { isWatched } from './close-watcher.js'
import { SseConnection } from './connection.js'
import { SseError } from './errors.js'
import type { SseRequest, SseResponse } from './http.js'
import { ObservedPromise } from './observed.js'
import { requireOptions } from './option-checks.js'
import type { RespondOptions } from './options.js'
import { failOutcome } from './outcome.js'
import { isPipelined, isWaiting, whenInTurn } from './pipelining.js'
import { warn } from './report.js'
import { lastEventIdOf } from './request-headers.js'
import { requireSource, type SseSource } from './source.js'
import { configOf } from './stream-config-of.js'
import { release, take } from './streaming.js'

/**
 * Streams a source as the response to a request: a channel, an iterable, a stream, or a function that writes. Every
 * adapter calls it, and so can code that uses `node:http` or `node:http2` alone.
 *
 * Resolves with the reason once the stream is over. A client that disconnects is no error, and neither is one that is
 * refused (a limit, a shutdown, a broker that is down): it is told to retry later. The response headers are sent as
 * soon as the source is ready: a channel when its log is filled, an iterable one turn of the event loop after its first
 * `next()`, a function when it first sends, subscribes or opens.
 *
 * @throws what the source throws. Before the headers are sent the response is left untouched, for the caller to answer;
 * afterwards it is finished. If nothing handles the promise, the error goes to `onError`, and a response that has not
 * begun is a `500`
 * @throws {SseError} `ERR_SSE_HEADERS_SENT`: the response had already begun
 * @throws {TypeError | RangeError} an argument is wrong
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function respond(
  req: SseRequest,
  res: SseResponse,
  source: SseSource,
  options: RespondOptions = {},
): Promise<CloseReason> {
  const outcome = new ObservedPromise<CloseReason>()
  try {
    requireSource(source)
    take(source)
  } catch (error) {
    failOutcome(outcome, error, res, options ?? {})
    return outcome
  }
  // A stream that waits behind another one, which may never end, must not take one of the manager's slots.
  if (isPipelined(res) && !isWaiting(res)) whenInTurn(res, () => connect(req, res, source, options, outcome))
  else connect(req, res, source, options, outcome)
  return outcome
}

/** Answers a request. If an argument is wrong, the outcome fails and the response is untouched. */
function connect(
  req: SseRequest,
  res: SseResponse,
  source: SseSource,
  options: RespondOptions,
  outcome: ObservedPromise<CloseReason>,
): void {
  let connection: SseConnection
  try {
    if (res.headersSent || isWatched(res)) throw new SseError('ERR_SSE_HEADERS_SENT', 'the response has already begun')
    requireOptions(options)
    // Node does not set `req` on the response of an HTTP/2 push.
    if (res.req === null) Object.assign(res, { req })
    const lastEventId = options.lastEventId ?? lastEventIdOf(req)
    connection = new SseConnection(res, lastEventId, options, configOf(source, options), outcome)
  } catch (error) {
    // In JavaScript, the options may be `null`.
    release(source, options?.manager?.report ?? warn)
    failOutcome(outcome, error, res, options ?? {})
    return
  }
  answer({ req, res, connection, options }, source)
}
