import type { Socket } from 'node:net'

/** Resets a connection immediately, or closes it if it cannot be reset. */
export function resetNow(socket: Socket): void {
  // Node would first wait for the connection. Code that awaits the connection gets the error.
  if (socket.connecting) socket.destroy(new Error('it was reset before it was connected'))
  // While the end is being sent, the system refuses a reset, and Node would leave the socket open forever.
  else if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}
