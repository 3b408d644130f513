import type { Socket } from 'node:net'

/** Resets a connection at this moment, or closes it where there is no such thing as a reset. */
export function resetNow(socket: Socket): void {
  // Node would wait for the connection. Whoever awaits that hears of it as an error.
  if (socket.connecting) socket.destroy(new Error('it was reset before it was connected'))
  // While its end is being sent, the system refuses a reset, and Node leaves it open for ever.
  else if (socket.writableEnded && !socket.writableFinished) socket.destroy()
  else socket.resetAndDestroy()
}
