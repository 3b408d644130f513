import type { Socket } from 'node:net'

// One listener per socket, however many responses wait, so that Node does not warn of a leak.
const callbacks = new WeakMap<Socket, Set<() => void>>()

/** Calls back when a socket closes. */
export function onSocketClose(socket: Socket, callback: () => void): void {
  const known = callbacks.get(socket)
  if (known === undefined) {
    callbacks.set(socket, new Set([callback]))
    socket.on('close', callAll)
  } else known.add(callback)
}

export function offSocketClose(socket: Socket, callback: () => void): void {
  const known = callbacks.get(socket)
  if (!known?.delete(callback) || known.size > 0) return
  callbacks.delete(socket)
  socket.off('close', callAll)
}

function callAll(this: Socket): void {
  for (const callback of callbacks.get(this) ?? []) callback()
}
