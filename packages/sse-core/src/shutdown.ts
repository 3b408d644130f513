import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { cut } from './departure.js'
import { finishWithin } from './ending.js'
import type { SseResponse } from './exchange.js'
import type { ResponseLife } from './response-life.js'

/** Ends a stream with a last text, behind what is left in the logs, and then its socket too; calls back when it has. */
export function shutDown(stream: ResponseLife, farewell: string, graceMs: number, onOver: () => void): void {
  if (stream.reading?.isPumping) {
    // One of its filters has asked for it: what is left comes first.
    queueMicrotask(() => shutDown(stream, farewell, graceMs, onOver))
    return
  }
  // What was broadcast in this tick is still for its reader.
  if (stream.closeReason === undefined) stream.reading?.pump()
  const isBehind = stream.isOpen && !stream.writer.isWritable && stream.reading?.hasMore
  if (stream.closeReason === undefined && isBehind) {
    afterCatchingUp(stream, graceMs, (leftMs) => endWith(stream, farewell, leftMs, onOver))
  } else endWith(stream, farewell, graceMs, onOver)
}

/** Calls back when the reader has everything, or has gone, or the time is over; with the time that is left. */
function afterCatchingUp(stream: ResponseLife, ms: number, callback: (leftMs: number) => void): void {
  const deadline = performance.now() + ms
  const done = (): void => {
    clearTimeout(timer)
    forget()
    callback(Math.max(0, deadline - performance.now()))
  }
  const timer = setTimeout(() => {
    done()
    cut(stream.res)
  }, ms).unref()
  const forget = stream.belongings.onCaughtUp(done)
}

function endWith(stream: ResponseLife, farewell: string, graceMs: number, onOver: () => void): void {
  const close = closer(stream.res)
  if (stream.end('shutdown', farewell)) closeWithin(stream.res, graceMs, close, onOver)
  else onOver()
}

/** Closes the socket of a stream that has ended, once its client has taken the rest or the time is over; then calls back. */
export function closeAfterwards(res: SseResponse, graceMs: number, onOver: () => void): void {
  closeWithin(res, graceMs, closer(res), onOver)
}

function closeWithin(res: SseResponse, graceMs: number, close: () => void, onOver: () => void): void {
  finishWithin(res, graceMs, () => {
    close()
    onOver()
  })
}

/** What closes the connection of a response, which does not know it any more once it is over. */
function closer(res: SseResponse): () => void {
  const socket: Socket | Duplex | null = res instanceof ServerResponse ? res.socket : null
  const session = res instanceof ServerResponse ? undefined : res.stream?.session
  return () => {
    // An idle kept-alive connection would hold up `server.close()`.
    if (socket instanceof Socket) socket.destroySoon()
    // Any other stream may be given to a server as a connection.
    else socket?.end()
    session?.close()
  }
}
