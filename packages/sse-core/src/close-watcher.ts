import { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { SseResponse } from './http.js'
import { isWaiting } from './pipelining.js'

/** Called when a response ends or is gone. */
export interface CloseWatcher {
  readonly res: SseResponse
  /** Something has called `res.end()` on an HTTP/1 response: before its headers were sent, or after that. */
  onEnding(): void
  /** The response has finished, or the client has disconnected; may be called more than once. */
  onGone(): void
}

const WATCHER: unique symbol = Symbol('ssekit.watcher')

/** One property and shared listeners take less memory than closures for each stream. */
interface Watchable {
  [WATCHER]?: CloseWatcher | undefined
}

/** Whether this response is already a stream, or waits for its turn to become one. */
export function isWatched(res: SseResponse): boolean {
  return watcherOf(res) !== undefined || isWaiting(res)
}

/**
 * Notifies the watcher when a response is gone, until `unwatchClose()`.
 *
 * `close` on the request only means that its body was read.
 */
export function watchClose(res: SseResponse & Watchable, watcher: CloseWatcher): void {
  res.on('error', tellGone)
  if (res instanceof ServerResponse) {
    // Emitted within `res.end()`: bytes written to the socket after that would land before the connection's next
    // response. To check the response before each write instead is slow on Express, where no two responses have the same
    // hidden class (`npm run bench`: frameworks).
    res.prependListener('prefinish', tellEnding)
    if (res.socket instanceof Socket) {
      watchSocket(res.socket, watcher)
      return
    }
  }
  res[WATCHER] = watcher
  res.on('close', tellGone)
}

/** Idempotent; does not touch the watcher of somebody else. */
export function unwatchClose(res: SseResponse & Watchable, watcher: CloseWatcher): void {
  if (watcherOf(res) !== watcher) return
  res.off('error', tellGone)
  if (res instanceof ServerResponse) {
    res.off('prefinish', tellEnding)
    if (unwatchSocket(res.req.socket, watcher)) return
  }
  res[WATCHER] = undefined
  res.off('close', tellGone)
}

function watcherOf(res: SseResponse & Watchable): CloseWatcher | undefined {
  if (res instanceof ServerResponse) {
    const socket: (Socket & Watchable) | undefined = res.req.socket
    const watcher = socket?.[WATCHER]
    // Not by the response: Node emits its events on the response itself, and other code may have wrapped it.
    if (watcher?.res.req === res.req) return watcher
  }
  return res[WATCHER]
}

function tellGone(this: SseResponse): void {
  watcherOf(this)?.onGone()
}

function tellEnding(this: ServerResponse): void {
  watcherOf(this)?.onEnding()
}

/**
 * Watches a response by its socket: a property that is added to a response costs much on Express (`npm run bench`: new
 * streams).
 */
function watchSocket(socket: Socket & Watchable, watcher: CloseWatcher): void {
  socket[WATCHER] = watcher
  // Before the listener of Node's server.
  socket.prependListener('close', tellSocketClosed)
}

/** Returns whether the response was watched by its socket. */
function unwatchSocket(socket: (Socket & Watchable) | undefined, watcher: CloseWatcher): boolean {
  if (socket?.[WATCHER] !== watcher) return false
  socket[WATCHER] = undefined
  socket.off('close', tellSocketClosed)
  return true
}

function tellSocketClosed(this: Watchable): void {
  const watcher = this[WATCHER]
  if (watcher === undefined) return
  const { req } = watcher.res
  // Node's server would destroy the request with an error, and compose the text of its stack trace though nobody reads
  // it. That is more than a tenth of what a stream costs from its connect to its disconnect (`npm run bench`: new
  // streams). It leaves a request alone that is destroyed already.
  if (req.listenerCount('error') === 0) req.destroy()
  // By then Node has marked the response as destroyed, which is what frameworks look at.
  process.nextTick(tellWatcher, watcher)
}

function tellWatcher(watcher: CloseWatcher): void {
  watcher.onGone()
}
