import { ServerResponse } from 'node:http'
import { requireAnswer } from './callbacks.js'
import type { CloseReason } from './close-reason.js'
import type { SseConnection } from './connection.js'
import { SseError } from './errors.js'
import { answerEmpty, answerLater, hasBody, setStreamHead } from './head.js'
import type { SseRequest, SseResponse } from './http.js'
import type { RespondOptions } from './options.js'
import { drainBody } from './request-body.js'
import type { SseSource } from './source.js'
import { follow, hasClosedChannel, isOnlyChannels, prepare, release, run, startOf } from './streaming.js'

/** A request that is being answered, with all that the answer needs. */
export interface Exchange {
  readonly req: SseRequest
  readonly res: SseResponse
  readonly connection: SseConnection
  readonly options: RespondOptions
}

/** Answers with a source, with `204` if it has nothing, or with a refusal. An error fails the connection. */
export function answer(exchange: Exchange, source: SseSource): void {
  try {
    // Decided before anything is awaited, so that the earlier of two requests gets the slot.
    const refusal = refusalOf(exchange)
    if (refusal !== undefined) {
      refuse(exchange, refusal)
      release(source, exchange.connection.config.report)
      return
    }
    const warming = prepare(source, exchange.options)
    // A source that is ready is answered in this turn of the event loop, and costs no promise.
    if (warming === undefined) begin(exchange, source)
    else {
      // Until the response headers are sent, only channels are waited for, which do not read the request.
      if (isOnlyChannels(source)) drainBody(exchange.req)
      warming.then((ready) => beginLater(exchange, ready)).catch((error) => giveUp(exchange, source, error))
    }
  } catch (error) {
    giveUp(exchange, source, error)
  }
}

function refusalOf({ connection, options: { refusal } }: Exchange): CloseReason | undefined {
  // The client is gone already.
  if (connection.closeReason !== undefined) return undefined
  const own = typeof refusal === 'function' ? requireAnswer(refusal(), 'refusal') : refusal
  return own ?? connection.config.manager?.connections.admit(connection)
}

/** Streams a source that was waited for. If a channel of it was closed in the meantime, the stream has nothing. */
function beginLater(exchange: Exchange, source: SseSource): void {
  if (!hasClosedChannel(source)) {
    begin(exchange, source)
    return
  }
  release(source, exchange.connection.config.report)
  begin(exchange, [])
}

/** Streams a source that is ready. */
function begin(exchange: Exchange, source: SseSource): void {
  const { req, res, connection, options } = exchange
  if (connection.closeReason !== undefined) {
    release(source, connection.config.report)
    return
  }
  const start = startOf(connection, source)
  if (start.isOver) answerNothing(exchange)
  else if (!hasBody(req, options.status ?? 200)) {
    release(source, connection.config.report)
    connection.answer('end', () => {
      setStreamHead(res, options)
      res.end()
    })
  } else if (start.only !== undefined) follow(connection, start.only)
  else {
    run(connection, source)
      .then((result) => {
        if (result === null && !connection.isOpen) answerNothing(exchange)
        else connection.close('end')
      })
      .catch((error: unknown) => failOrRefuse(exchange, error))
  }
}

/** Releases a source that cannot be read, and answers with the error. */
function giveUp(exchange: Exchange, source: SseSource, error: unknown): void {
  release(source, exchange.connection.config.report)
  failOrRefuse(exchange, error)
}

/** Before the headers are sent, a broker that is down counts as an overload. Everything else fails the connection. */
function failOrRefuse(exchange: Exchange, error: unknown): void {
  const { connection } = exchange
  const isDown = error instanceof SseError && error.code === 'ERR_SSE_BACKPLANE'
  if (!isDown || connection.isOpen || connection.closeReason !== undefined) {
    connection.fail(error)
    return
  }
  connection.config.report(error)
  refuse(exchange, 'error')
}

/** Refuses a client that cannot be served now, and tells it when to retry. */
function refuse({ res, connection, options }: Exchange, reason: CloseReason): void {
  const { manager, settings } = connection.config
  const { overload = 'retry' } = manager ?? {}
  // Spread out, so that clients that were refused together do not retry together.
  const delayMs = Math.round(settings.retryMs * (1 + 3 * Math.random()))
  connection.answer(reason, () => {
    // A connection that is kept alive would hold up `server.close()`.
    if (reason === 'shutdown' && res instanceof ServerResponse) res.setHeader('Connection', 'close')
    answerLater(res, options, delayMs, overload)
  })
}

function answerNothing({ res, connection, options }: Exchange): void {
  connection.answer('end', () => answerEmpty(res, 204, options.headers))
}
