import { ServerResponse } from 'node:http'
import { constants, type Http2Session, type Http2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { SseResponse } from './http.js'

/** Whether nothing can reach the client any more. */
export function isGone(res: SseResponse): boolean {
  if (res instanceof ServerResponse) return res.destroyed || res.req.socket?.destroyed === true
  // HTTP/2 takes the stream away once it is closed.
  return res.stream === undefined || res.stream.destroyed
}

/** Who wants to know when a response is gone. */
export interface CloseWatcher {
  /** Somebody has called `res.end()`, of a response over HTTP/1 that has its socket. */
  onEnding(): void
  /** It was finished, or the client left; may be called more than once. */
  onGone(): void
}

const WATCHER: unique symbol = Symbol('ssekit.watcher')

/** A response that is watched: one property and two shared listeners, where closures would be made for each stream. */
type Watched = SseResponse & { [WATCHER]?: CloseWatcher | undefined }

/** Whether somebody streams this response already. */
export function isWatched(res: Watched): boolean {
  return res[WATCHER] !== undefined
}

/**
 * Tells the watcher when a response is gone, until `unwatchClose()`.
 *
 * `close` on the request only means that its body was read.
 */
export function watchClose(res: Watched, watcher: CloseWatcher): void {
  res[WATCHER] = watcher
  res.on('close', tellWatcher)
  res.on('error', tellWatcher)
  if (!(res instanceof ServerResponse)) return
  // Emitted within `res.end()`: what is written to the socket after it would stand before the connection's next response. To look at
  // the response before each write is slow on Express, where no two of them have the same hidden class (`npm run bench`: frameworks).
  res.prependListener('prefinish', tellEnding)
  if (res.socket === null) watchWaiting(res)
}

/** Idempotent, and leaves another's watcher alone. */
export function unwatchClose(res: Watched, watcher: CloseWatcher): void {
  if (res[WATCHER] !== watcher) return
  res[WATCHER] = undefined
  res.off('close', tellWatcher)
  res.off('error', tellWatcher)
  if (!(res instanceof ServerResponse)) return
  res.off('prefinish', tellEnding)
  unwatchWaiting.call(res)
}

function tellWatcher(this: Watched): void {
  this[WATCHER]?.onGone()
}

function tellEnding(this: Watched): void {
  this[WATCHER]?.onEnding()
}

/** What a response that waits behind another one on its connection is told by, since it never emits `close` itself. */
const waiting = new WeakMap<ServerResponse, () => void>()

function watchWaiting(res: ServerResponse): void {
  const tell = (): void => tellWatcher.call(res)
  waiting.set(res, tell)
  onSocketClose(res.req.socket, tell)
  res.on('socket', unwatchWaiting)
}

function unwatchWaiting(this: ServerResponse): void {
  const tell = waiting.get(this)
  if (tell === undefined) return
  waiting.delete(this)
  this.off('socket', unwatchWaiting)
  offSocketClose(this.req.socket, tell)
}

// One listener a socket, however many responses wait: Node would warn of a leak.
const callbacks = new WeakMap<Socket, Set<() => void>>()

function onSocketClose(socket: Socket, callback: () => void): void {
  const known = callbacks.get(socket)
  if (known === undefined) {
    callbacks.set(socket, new Set([callback]))
    socket.on('close', callAll)
  } else known.add(callback)
}

function offSocketClose(socket: Socket, callback: () => void): void {
  const known = callbacks.get(socket)
  if (!known?.delete(callback) || known.size > 0) return
  callbacks.delete(socket)
  socket.off('close', callAll)
}

function callAll(this: Socket): void {
  for (const callback of callbacks.get(this) ?? []) callback()
}

/** How long a stream of HTTP/2 that was cut may take to be gone before its connection is, in ms. */
const MAX_CANCEL_MS = 250

/** Breaks a response off, so that the client sees that it is not complete. */
export function destroyResponse(res: SseResponse): void {
  if (res instanceof ServerResponse) {
    const isWaiting = isPipelined(res)
    res.destroy()
    if (isWaiting) res.emit(DESTROYED)
    return
  }
  const { stream } = res
  if (stream === undefined || stream.destroyed) return
  // Its session is taken away from a stream that is closed.
  const { session } = stream
  // `res.destroy()` would look like an end to the client.
  stream.close(constants.NGHTTP2_CANCEL)
  if (session !== undefined) setTimeout(breakConnection, MAX_CANCEL_MS, stream, session).unref()
}

/** Where TCP stands still not even the cancelling gets through, and all that the stream holds would stay. */
function breakConnection(stream: Http2Stream, session: Http2Session): void {
  if (stream.destroyed || session.destroyed) return
  // A session forbids `socket.destroy()`, and its own waits for what is being written.
  session.socket[Symbol.asyncDispose]().catch(() => {})
}

/** Whether a response waits behind another one on its connection, and so has none yet. */
function isPipelined(res: SseResponse): res is ServerResponse {
  return res instanceof ServerResponse && res.socket === null && !res.writableFinished && !isGone(res)
}

/** Calls back once a response is finished or gone, whichever is first. */
function whenOver(res: SseResponse, callback: () => void): void {
  if (res.writableFinished || isGone(res)) {
    queueMicrotask(callback)
    return
  }
  const socket = isPipelined(res) ? res.req.socket : undefined
  const done = (): void => {
    for (const event of OVER_EVENTS) res.off(event, done)
    if (socket !== undefined) offSocketClose(socket, done)
    callback()
  }
  for (const event of OVER_EVENTS) res.on(event, done)
  if (socket !== undefined) onSocketClose(socket, done)
}

/** What is emitted of a response that is cut while it waits: there will be no `close` before it would be its turn. */
const DESTROYED: unique symbol = Symbol('ssekit.destroyed')
const OVER_EVENTS = ['finish', 'close', 'error', DESTROYED]

/** Calls back once a response is finished or gone, and destroys it if that takes longer, in ms; `Infinity` is never. */
export function finishWithin(res: SseResponse, ms: number, callback: () => void): void {
  const timer = Number.isFinite(ms) ? setTimeout(destroyResponse, ms, res).unref() : undefined
  whenOver(res, () => {
    clearTimeout(timer)
    callback()
  })
}

/** The same, from when the response has its connection: one that waits behind another cannot finish before. */
export function finishInTurn(res: SseResponse, ms: number, callback: () => void): void {
  if (!isPipelined(res)) {
    finishWithin(res, ms, callback)
    return
  }
  let timer: NodeJS.Timeout | undefined
  const start = (): void => {
    if (Number.isFinite(ms)) timer = setTimeout(destroyResponse, ms, res).unref()
  }
  res.once('socket', start)
  whenOver(res, () => {
    res.off('socket', start)
    clearTimeout(timer)
    callback()
  })
}
