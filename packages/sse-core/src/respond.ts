import { refuse, stream } from './answer.js'
import { SseConnection } from './connection.js'
import type { CloseReason } from './ending.js'
import { SseError } from './errors.js'
import { requireLineEnding } from './event.js'
import type { SseRequest, SseResponse } from './exchange.js'
import { answerUnheard, requireHead } from './head.js'
import { requireRewind } from './listener.js'
import { ObservedPromise } from './observed.js'
import type { RespondOptions } from './options.js'
import { warn } from './report.js'
import { lastEventIdOf } from './request-headers.js'
import { release } from './running.js'
import { isPullSource, requireSource, type SseSource } from './source.js'
import { termsOf } from './terms-of.js'

/**
 * Streams a source as the answer to a request: a channel, an iterable, a stream, or a function that writes. Every adapter
 * calls it, and so may anybody who has `node:http` or `node:http2` alone.
 *
 * Resolves with the reason once the stream is over; a client that leaves is no error. The head is sent as soon as the source
 * is ready: a channel when its log is, an iterable one turn after it was first asked, a function when it first sends,
 * subscribes or opens.
 *
 * @throws what the source throws. If the head was not sent yet, the response is untouched; else it is finished
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
  try {
    return connect(req, res, source, options).outcome
  } catch (error) {
    const { manager, onFailure } = options
    if (isPullSource(source)) release(source, manager?.report ?? warn)
    const refused = new ObservedPromise<CloseReason>()
    if (onFailure === undefined) refused.fail(error, () => answerUnheard(error, res, manager))
    else {
      refused.fulfil('error')
      onFailure(error, req)
    }
    return refused
  }
}

/** @throws what is wrong with the arguments; nothing has happened then */
function connect(req: SseRequest, res: SseResponse, source: SseSource, options: RespondOptions): SseConnection {
  requireSource(source)
  if (res.headersSent) throw new SseError('ERR_SSE_HEADERS_SENT', 'the response has already begun')
  requireHead(options)
  if (options.eol !== undefined) requireLineEnding(options.eol)
  if (options.rewind !== undefined) requireRewind(options.rewind)
  const terms = termsOf(source, options)
  const connection = new SseConnection(res, options.lastEventId ?? lastEventIdOf(req), options, terms)
  // Decided before anything is awaited, so that of two requests the earlier one gets the place.
  const refusal =
    connection.closeReason === undefined ? (options.refusal ?? terms.manager?.admit(connection)) : undefined
  const exchange = { req, res, connection, options }
  if (refusal === undefined) stream(exchange, source)
  else {
    refuse(exchange, refusal)
    release(source, terms.report)
  }
  return connection
}
