import { AsyncResource } from 'node:async_hooks'
import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { SseResponse } from './http.js'
import { isGone } from './response-close.js'

/** Whether a response waits behind another one on its connection, and so has no socket yet. */
export function isPipelined(res: SseResponse): res is ServerResponse {
  return res instanceof ServerResponse && res.socket === null && !res.writableFinished && !isGone(res)
}

const waiting = new WeakSet<SseResponse>()

/** Whether a response waits for `whenInTurn()`. */
export function isWaiting(res: SseResponse): boolean {
  // The usual response has its socket, and need not be looked up.
  return res instanceof ServerResponse && res.socket === null && waiting.has(res)
}

/** Calls back when a pipelined response has its socket or its connection is closed, in the async context of the call. */
export function whenInTurn(res: ServerResponse, callback: () => void): void {
  const { socket } = res.req
  const bound = AsyncResource.bind(callback)
  const begin = (): void => {
    res.off('socket', begin)
    offClose(socket, begin)
    waiting.delete(res)
    // Node emits `socket` while the response before this one is being finished.
    queueMicrotask(bound)
  }
  waiting.add(res)
  res.on('socket', begin)
  onClose(socket, begin)
}

// One listener for each socket, however many responses wait, so that Node does not warn of a leak.
const closing = new WeakMap<Socket, Set<() => void>>()

function onClose(socket: Socket, callback: () => void): void {
  const callbacks = closing.get(socket)
  if (callbacks === undefined) {
    closing.set(socket, new Set([callback]))
    socket.on('close', tellAll)
  } else callbacks.add(callback)
}

function offClose(socket: Socket, callback: () => void): void {
  const callbacks = closing.get(socket)
  if (!callbacks?.delete(callback) || callbacks.size > 0) return
  closing.delete(socket)
  socket.off('close', tellAll)
}

function tellAll(this: Socket): void {
  for (const callback of closing.get(this) ?? []) callback()
}
