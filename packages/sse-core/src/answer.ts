import type { SseConnection } from './connection.js'
import type { CloseReason } from './ending.js'
import { SseError } from './errors.js'
import type { SseRequest, SseResponse } from './exchange.js'
import { answerEmpty, answerLater, setStreamHead } from './head.js'
import type { RespondOptions } from './respond.js'
import { isOver, prepare, release, run } from './running.js'
import type { ResolvedSettings } from './settings.js'
import type { SseSource } from './source.js'

/** A request that is being answered, and what holds for it. */
export interface Exchange {
  readonly req: SseRequest
  readonly res: SseResponse
  readonly connection: SseConnection
  readonly settings: ResolvedSettings
  readonly options: RespondOptions
}

/** The statuses whose responses have no body, and so no stream. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** Answers with a source, or with what says that there is nothing of it. @throws what the source throws */
export async function stream(exchange: Exchange, source: SseSource): Promise<void> {
  const { req, res, connection, options } = exchange
  try {
    // Nothing is awaited in vain: what is ready is answered in this turn.
    const warming = prepare(source)
    if (warming !== undefined) await warming
  } catch (error) {
    release(source, connection.report)
    if (!(error instanceof SseError && error.code === 'ERR_SSE_BACKPLANE')) throw error
    connection.report(error)
    refuse(exchange, 'error')
    return
  }
  if (connection.closeReason !== undefined) release(source, connection.report)
  else if (isOver(connection, source)) answerNothing(exchange)
  else if (req.method === 'HEAD' || BODILESS.has(options.status ?? 200)) {
    release(source, connection.report)
    connection.answer('end', () => {
      setStreamHead(res, options)
      res.end()
    })
  } else {
    const result = await run(connection, source)
    if (result === null && !connection.isOpen) answerNothing(exchange)
    else connection.close('end')
  }
}

/** Sends a client away that cannot be served now. */
export function refuse({ res, connection, settings, options }: Exchange, reason: CloseReason): void {
  const { overload = 'retry' } = options.manager ?? {}
  // Spread out, so that those who were refused together do not come back together.
  const delayMs = Math.round(settings.retryMs * (1 + 3 * Math.random()))
  connection.answer(reason, () => answerLater(res, options, delayMs, overload))
}

function answerNothing({ res, connection, options }: Exchange): void {
  connection.answer('end', () => answerEmpty(res, 204, options.headers))
}
